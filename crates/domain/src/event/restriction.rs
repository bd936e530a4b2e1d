//! Whether an event may itself say which destinations get it, found out once at intake.
//!
//! Nearly every event an SDK sends carries `"integrations":{"All":true}` and no consent, which keeps
//! it from nobody. That is noted with the event, so that destinations need not look again.

use memchr::memmem;

use super::intake::Member;
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

impl Restriction {
    /// Looks through the members of an event.
    pub(super) fn find(text: &str, members: &[Member]) -> Self {
        let may = |member: &Member| {
            let (key, value) = (member.key.of(text), member.value.of(text));
            if key_is(key, "integrations") {
                integrations_may(value)
            } else {
                key_is(key, "context") && context_may(value)
            }
        };
        if members.iter().any(may) { Self::Possible } else { Self::None }
    }
}

/// Whether an `integrations` may keep an event from anybody: all but an object that says no `false`
/// and nothing else than `true` for `All`.
fn integrations_may(value: &str) -> bool {
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
/// A context can be long, so it is searched and not scanned.
fn context_may(value: &str) -> bool {
    let holds = |text: &str| memmem::find(value.as_bytes(), text.as_bytes()).is_some();
    holds("consentManagement") || holds("\\u")
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
            r#","integrations":{"All":false},"integrations":{}"#,
            r#","context":{"consentManagement":{"deniedConsentIds":[]}}"#,
            r#","context":{"\u0063onsentManagement":{}}"#,
        ] {
            assert_eq!(found(members), Restriction::Possible, "{members}");
        }
    }
}
