//! Whether an event may itself say which destinations get it, found out once at intake.
//!
//! Nearly every event an SDK sends carries `"integrations":{"All":true}` and no consent, which keeps
//! it from nobody. That is noted with the event, so that destinations need not look again.

use memchr::memchr2_iter;

use super::json::{Scanner, ValueKind, key_is};
use crate::limits;

/// Whether `integrations` and `context.consentManagement` of an event may keep it from anybody.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Restriction {
    /// They may, or nobody has looked.
    #[default]
    Possible,
    /// Looked at: there is nothing that could.
    None,
}

/// What nearly every event carries.
const EVERYWHERE: &str = r#"{"All":true}"#;

/// The key of consent, around its one rare letter.
const CONSENT: (&[u8], &[u8]) = (b"consent", b"Management");

impl Restriction {
    /// Looks at the values of an event's `integrations` and `context`.
    pub(super) fn find(integrations: Option<&str>, context: Option<&str>) -> Self {
        let may = integrations.is_some_and(integrations_may) || context.is_some_and(context_may);
        if may { Self::Possible } else { Self::None }
    }
}

/// Whether an `integrations` may keep an event from anybody: all but an object that says no `false`
/// and nothing else than `true` for `All`.
fn integrations_may(value: &str) -> bool {
    if value == EVERYWHERE {
        return false;
    }
    let mut scanner = Scanner::new(value, limits::STORED_SCAN);
    if scanner.peek() != ValueKind::Object {
        return true;
    }
    let mut may = false;
    let scanned = scanner.members(|scanner, key| {
        let said = scanner.skip()?.of(value);
        may |= said == "false" || (said != "true" && key_is(key.of(value), "All"));
        Ok(())
    });
    may || scanned.is_err()
}

/// Whether a `context` may hold a `consentManagement`, at any depth and in any spelling of its key.
///
/// A context can be long, so it is searched and not scanned: for a letter of the key that is rare,
/// and for the backslash that every other spelling needs.
fn context_may(value: &str) -> bool {
    let (bytes, (before, from)) = (value.as_bytes(), CONSENT);
    let is_key = |at: usize| bytes[..at].ends_with(before) && bytes[at..].starts_with(from);
    memchr2_iter(b'M', b'\\', bytes).any(|at| match bytes[at] {
        b'M' => is_key(at),
        _ => bytes.get(at + 1) == Some(&b'u'),
    })
}

#[cfg(test)]
mod tests {
    use super::Restriction;
    use crate::event::EventKind;
    use crate::event::fields::Stamp;
    use crate::event::intake::{Shape, read};
    use crate::id::SourceId;
    use crate::time::Timestamp;

    fn found(members: &str) -> Restriction {
        let (source, mut fresh_id) = (SourceId::new("s"), || [0; 16]);
        let mut stamp = Stamp::new(&source, Timestamp(0), "192.0.2.1", &mut fresh_id);
        let body = format!(r#"{{"userId":"u"{members}}}"#);
        let intake = read(body.as_bytes(), Shape::Single(EventKind::Track), &mut stamp);
        intake.unwrap().events[0].restriction
    }

    #[test]
    fn what_sdks_send_restricts_nothing() {
        for members in [
            "",
            r#","integrations":{}"#,
            r#","integrations":{"All":true}"#,
            r#", "integrations" : { "All" : true , "Webhook" : { "x" : false }, "GA": true, "b": 0 }"#,
            r#","context":{"library":{"name":"x"},"traits":{"integrations":false}}"#,
            r#","context":{"userAgent":"Mozilla \\ \"Management\"","x":"consentM"}"#,
            r#","integrations":{"All":false},"integrations":{"All":true}"#,
        ] {
            assert_eq!(found(members), Restriction::None, "{members}");
        }
    }

    #[test]
    fn what_could_restrict_is_looked_at_again() {
        for members in [
            r#","integrations":{"All":false}"#,
            r#","integrations":{"All":1}"#,
            r#","integrations":{"\u0041ll":null}"#,
            r#","integrations":{"All":true,"Webhook":false}"#,
            r#","integrations":null"#,
            r#","integrations":[]"#,
            r#","integr\u0061tions":{"All":false}"#,
            r#","integrations":{},"integrations":{"All":false}"#,
            r#","context":{"consentManagement":{"deniedConsentIds":[]}}"#,
            r#","context":{"\u0063onsentManagement":{}}"#,
        ] {
            assert_eq!(found(members), Restriction::Possible, "{members}");
        }
    }
}
