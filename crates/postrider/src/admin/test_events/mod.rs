//! `/api/v1/test-events`: events that somebody composed, and samples to begin with.
//!
//! One goes the whole way as if its source had sent it (`source.rs`), or straight to a destination
//! (`straight.rs`). What tells it from others is its `messageId`, which begins with `test-` where the
//! event has none of its own. Its other bytes stay as they were written.

pub mod samples;
pub mod source;
pub mod straight;

use domain::reason::Reason;

use super::body::{self, Mistakes};
use super::problem::Problem;
use crate::clock;
use crate::workspace_file::node::{Node, Object};

/// An event that somebody composed, with an id.
struct Composed {
    /// Its JSON.
    text: String,
    message_id: String,
}

/// Reads a body with these members, of which `event` is one.
fn read<T>(
    body: &[u8],
    members: &'static [&'static str],
    rest: impl FnOnce(&Object<'_>, &mut Mistakes) -> Option<T>,
) -> Result<(Composed, T), Problem> {
    let root = Node::root(body::text(body)?);
    let mut mistakes = Mistakes::default();
    let read = mistakes.keep(root.object()).and_then(|object| {
        mistakes.add(object.unknown(members));
        let (rest, event) = (rest(&object, &mut mistakes), composed(&object, &mut mistakes));
        event.zip(rest)
    });
    mistakes.settle(read, "bad_test")
}

fn composed(object: &Object<'_>, mistakes: &mut Mistakes) -> Option<Composed> {
    let event = object.get("event").ok_or_else(|| object.missing("event"));
    let event = mistakes.keep(event.and_then(|node| node.object().map(|_| node)))?;
    Some(with_id(event.raw(), own_id(event)))
}

fn own_id(event: &Node<'_>) -> Option<String> {
    let object = event.object().ok()?;
    let id = object.get("messageId")?.string().ok()?;
    (!id.trim().is_empty()).then_some(id)
}

/// The event with an id: its own, or one that is put in front of its other members.
fn with_id(event: &str, own: Option<String>) -> Composed {
    if let Some(message_id) = own {
        return Composed { text: event.to_owned(), message_id };
    }
    let message_id = format!("test-{}", clock::random_hex());
    let rest = event.trim_start().strip_prefix('{').unwrap_or(event);
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    Composed { text: format!(r#"{{"messageId":"{message_id}"{comma}{rest}"#), message_id }
}

/// What a source would be told of an event that is refused.
fn refused(reason: Reason, detail: &str) -> Problem {
    let detail = format!("{} {detail}", reason.sentence());
    Problem::new(422, reason.code(), detail.trim_end())
}

#[cfg(test)]
mod tests {
    use domain::event::json;

    use super::*;

    #[test]
    fn an_event_gets_an_id_where_it_has_none_and_keeps_its_bytes() {
        let check = |event: &str, own: Option<&str>| {
            let body = format!(r#"{{"event":{event}}}"#);
            let (made, ()) = read(body.as_bytes(), &["event"], |_, _| Some(())).unwrap();
            match own {
                Some(own) => assert_eq!((&*made.text, &*made.message_id), (event, own)),
                None => {
                    assert!(made.message_id.starts_with("test-"), "{}", made.message_id);
                    let quoted = format!("\"{}\"", made.message_id);
                    let rest = made.text.split_once(&quoted).unwrap().1;
                    assert_eq!(rest.trim_start_matches(','), &event.trim()[1..]);
                    assert!(json::Scanner::new(&made.text, json::ScanLimits::NONE).skip().is_ok());
                }
            }
        };
        check(r#"{"messageId":"m1","a":1}"#, Some("m1"));
        check(r#"{ "a" : 9007199254740993, "b":1.50 }"#, None);
        check(r#"{"messageId":"","a":1}"#, None);
        check(r#"{"messageId":7}"#, None);
        check("{ }", None);
    }
}
