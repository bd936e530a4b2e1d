//! The `integrations` object: what an event itself says about where it goes.
//!
//! Keys name destinations: by id, by name, or all webhooks by their type. The most specific one
//! decides, and where none does, `All`.

use crate::event::json::{Scanner, ValueKind, key_is, unescape};
use crate::limits;

/// A destination, as events name it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addressee {
    /// Its id.
    pub id: String,
    /// The name people gave it.
    pub name: String,
    /// The name of its type; matched in any letter case.
    pub kind: &'static str,
}

/// What the object says of one destination.
#[derive(Default)]
struct Said {
    by_id: Option<bool>,
    by_name: Option<bool>,
    by_kind: Option<bool>,
    all: All,
}

/// What it says of all others.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum All {
    #[default]
    Yes,
    No,
    /// No boolean: the event goes nowhere, whatever else is said.
    Unreadable,
}

/// Whether an event whose `integrations` reads like this goes to that destination.
pub fn allow(integrations: &str, to: &Addressee) -> bool {
    let mut scanner = Scanner::new(integrations, limits::STORED_SCAN);
    if scanner.peek() != ValueKind::Object {
        return false;
    }
    let mut said = Said::default();
    let scanned = scanner.members(|scanner, key| {
        let value = scanner.skip()?.of(integrations);
        said.note(key.of(integrations), value, to);
        Ok(())
    });
    scanned.is_ok() && said.allows()
}

impl Said {
    fn note(&mut self, key: &str, value: &str, to: &Addressee) {
        if key_is(key, "All") {
            self.all = match value {
                "true" => All::Yes,
                "false" => All::No,
                _ => All::Unreadable,
            };
            return;
        }
        let meant = match value.as_bytes().first() {
            Some(b't' | b'{') => Some(true),
            Some(b'f') => Some(false),
            // Everything else says nothing.
            _ => None,
        };
        if key_is(key, &to.id) {
            self.by_id = meant;
        }
        if key_is(key, &to.name) {
            self.by_name = meant;
        }
        if unescape(key).eq_ignore_ascii_case(to.kind) {
            self.by_kind = meant;
        }
    }

    fn allows(&self) -> bool {
        let own = self.by_id.or(self.by_name).or(self.by_kind);
        self.all != All::Unreadable && own.unwrap_or(self.all == All::Yes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Addressee, allow};

    #[test]
    fn the_most_specific_key_decides() {
        let to = Addressee { id: "d1".to_owned(), name: "Hub".to_owned(), kind: "Webhook" };
        let check = |integrations: &str, want: bool| {
            assert_eq!(allow(integrations, &to), want, "{integrations}");
        };
        check("{}", true);
        check(r#"{"All":true}"#, true);
        check(r#"{"All":false}"#, false);
        for nowhere in ["null", "[]", "true", "\"All\"", r#"{"All":null}"#, r#"{"All":"true"}"#] {
            check(nowhere, false);
        }
        check(r#"{"All":1,"d1":true}"#, false);
        check(r#"{"all":false}"#, true);
        for kind in ["Webhook", "WEBHOOK", "webhook", "WebHook", r"\u0057ebhook"] {
            check(&format!(r#"{{"{kind}":false}}"#), false);
            check(&format!(r#"{{"All":false,"{kind}":true}}"#), true);
            check(&format!(r#"{{"All":false,"{kind}":{{"fullPath":"x"}}}}"#), true);
        }
        check(r#"{"HTTP Webhook":false,"GA":false}"#, true);
        check(r#"{"Webhook":false,"Hub":true}"#, true);
        check(r#"{"Webhook":true,"Hub":false}"#, false);
        check(r#"{"Hub":false,"d1":true}"#, true);
        check(r#"{"d1":{},"Hub":false,"Webhook":false,"All":false}"#, true);
        check(r#"{"hub":false,"D1":false}"#, true);
        for nothing in ["null", "0", "\"no\"", "[]"] {
            check(&format!(r#"{{"Webhook":{nothing}}}"#), true);
            check(&format!(r#"{{"Hub":{nothing},"Webhook":false}}"#), false);
            check(&format!(r#"{{"All":false,"Webhook":{nothing}}}"#), false);
        }
        check(r#"{"Webhook":false,"Webhook":true}"#, true);
    }
}
