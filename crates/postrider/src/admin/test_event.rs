//! `POST /api/v1/test-events`: an event that somebody composed, taken as if its source had sent it.
//!
//! It goes the whole way: the source's limits and the connections' filters hold for it, and it is
//! delivered. What tells it from others is its `messageId`, which begins with `test-` where the event
//! has none of its own. Its other bytes stay as they were written.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use domain::id::SourceId;
use domain::source::{Source, WriteKey};
use serde::Serialize;
use utoipa::ToSchema;

use super::Needs;
use super::body::{self, Mistakes};
use super::catalog;
use super::problem::Problem;
use crate::clock;
use crate::hatch::{Composed, Refusal};
use crate::workspace_file::node::Node;

/// An event that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestEvent {
    /// Its `messageId`, by which it can be found.
    message_id: String,
}

/// What to send.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read member by member, so that each mistake has its place")]
pub struct TestEventBody {
    /// The source that it is to come from.
    #[schema(value_type = String)]
    source: SourceId,
    /// The event, with its `type`.
    #[schema(value_type = Object)]
    event: String,
}

struct Wish {
    source: SourceId,
    event: String,
    message_id: String,
}

/// Sends an event as if its source had.
#[utoipa::path(
    post,
    path = "/api/v1/test-events",
    tag = "Events",
    request_body = TestEventBody,
    responses(
        (status = 200, description = "It is stored", body = TestEvent),
        (status = 404, description = "There is no such source", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place; or the source would be refused the event, and `code` says why", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many are under way", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn send(
    State(needs): State<Arc<Needs>>,
    body: Bytes,
) -> Result<Json<TestEvent>, Problem> {
    let Wish { source, event, message_id } = read(&body)?;
    let key = key_of(&needs, &source)?;
    let composed = Composed { key, event: Bytes::from(event) };
    let busy = || Problem::new(429, "busy", "too many events are under way; try again");
    match needs.hatch.hand_in(composed).await.ok_or_else(busy)? {
        Ok(()) => Ok(Json(TestEvent { message_id })),
        Err(Refusal { reason, detail }) => {
            let detail = format!("{} {detail}", reason.sentence());
            Err(Problem::new(422, reason.code(), detail.trim_end()))
        }
    }
}

/// A write key with which the source may send.
fn key_of(needs: &Needs, id: &SourceId) -> Result<String, Problem> {
    let snapshot = needs.store.catalog.watch().borrow().clone();
    let source: &Source = catalog::find(&snapshot.workspace, id.as_str())?;
    let now = clock::now();
    let is_good = |key: &&WriteKey| key.ended(now).is_none();
    let key = source.write_keys.iter().find(is_good).or(source.write_keys.first());
    Ok(key.map(|key| key.key.clone()).unwrap_or_default())
}

fn read(body: &[u8]) -> Result<Wish, Problem> {
    let mut mistakes = Mistakes::default();
    let wish = wish(&Node::root(body::text(body)?), &mut mistakes);
    mistakes.settle(wish, "bad_test")
}

fn wish(root: &Node<'_>, mistakes: &mut Mistakes) -> Option<Wish> {
    let object = mistakes.keep(root.object())?;
    mistakes.add(object.unknown(&["source", "event"]));
    let source = object.get("source").ok_or_else(|| object.missing("source"));
    let source = mistakes.keep(source.and_then(Node::string));
    let event = object.get("event").ok_or_else(|| object.missing("event"));
    let event = mistakes.keep(event.and_then(|node| node.object().map(|_| node)))?;
    let (event, message_id) = with_id(event.raw(), own_id(event));
    Some(Wish { source: SourceId::new(source?), event, message_id })
}

fn own_id(event: &Node<'_>) -> Option<String> {
    let object = event.object().ok()?;
    let id = object.get("messageId")?.string().ok()?;
    (!id.trim().is_empty()).then_some(id)
}

/// The event with an id: its own, or one that is put in front of its other members.
fn with_id(event: &str, own: Option<String>) -> (String, String) {
    if let Some(own) = own {
        return (event.to_owned(), own);
    }
    let random = clock::random_bytes().map(|byte| format!("{byte:02x}")).concat();
    let id = format!("test-{random}");
    let rest = event.trim_start().strip_prefix('{').unwrap_or(event);
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    (format!(r#"{{"messageId":"{id}"{comma}{rest}"#), id)
}

#[cfg(test)]
mod tests {
    use domain::event::json;

    use super::*;

    #[test]
    fn an_event_gets_an_id_where_it_has_none_and_keeps_its_bytes() {
        let check = |event: &str, own: Option<&str>| {
            let body = format!(r#"{{"source":"app","event":{event}}}"#);
            let wish = read(body.as_bytes()).unwrap();
            match own {
                Some(own) => assert_eq!((&*wish.event, &*wish.message_id), (event, own)),
                None => {
                    assert!(wish.message_id.starts_with("test-"), "{}", wish.message_id);
                    let rest =
                        wish.event.split_once(&format!("\"{}\"", wish.message_id)).unwrap().1;
                    assert_eq!(rest.trim_start_matches(','), &event.trim()[1..]);
                    assert!(json::Scanner::new(&wish.event, json::ScanLimits::NONE).skip().is_ok());
                }
            }
        };
        check(r#"{"messageId":"m1","a":1}"#, Some("m1"));
        check(r#"{ "a" : 9007199254740993, "b":1.50 }"#, None);
        check(r#"{"messageId":"","a":1}"#, None);
        check(r#"{"messageId":7}"#, None);
        check("{ }", None);
    }

    #[test]
    fn every_mistake_has_its_place() {
        let check = |body: &str, fields: &[&str]| {
            let problem =
                read(body.as_bytes()).err().map(|problem| serde_json::to_value(problem).unwrap());
            let found: Vec<_> = problem
                .iter()
                .flat_map(|problem| problem["mistakes"].as_array().unwrap())
                .map(|one| one["field"].as_str().unwrap())
                .collect();
            assert_eq!(found, fields, "{body}");
        };
        check("{}", &["source", "event"]);
        check(r#"{"source":1,"event":[],"more":1}"#, &["more", "source", "event"]);
    }
}
