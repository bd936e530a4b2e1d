//! Consent: what a user has refused, and what a connection asks for.
//!
//! The rules are RudderStack's, as its files serve them. Two things are ours: where an event names
//! only what was allowed, that is what counts; and what cannot be read can be kept back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a connection asks for; nothing by default.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Consent {
    /// By provider.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<ConsentRule>,
    /// Categories of OneTrust in the older form: none of them may be denied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_trust_categories: Vec<String>,
    /// Purposes of Ketch in the older form: not all of them may be denied.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ketch_purposes: Vec<String>,
    /// What becomes of an event whose consent cannot be read.
    #[serde(default, skip_serializing_if = "Fail::is_open")]
    pub fail: Fail,
}

/// What is asked for where one provider manages consent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConsentRule {
    /// Who: `oneTrust`, `ketch`, `iubenda`, `custom`.
    pub provider: String,
    /// The ids of what has to be consented to; as they are spelled.
    pub consents: Vec<String>,
    /// Whether all of them; counts where the provider is `custom`, the event says it otherwise.
    pub resolution: Resolution,
}

/// How many of the consents are needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Every one.
    #[default]
    And,
    /// One is enough.
    Or,
}

/// What becomes of an event whose consent cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fail {
    /// It passes, as it does with RudderStack.
    #[default]
    Open,
    /// It is filtered.
    Closed,
}

/// The provider for which the connection says how many consents are needed.
const CUSTOM: &str = "custom";

impl Fail {
    fn is_open(&self) -> bool {
        *self == Self::Open
    }
}

impl Resolution {
    /// By its word; everything else is `and`.
    fn of(word: &str) -> Self {
        if word == "or" { Self::Or } else { Self::And }
    }
}

impl Consent {
    /// Whether nothing is said, not even what becomes of the unreadable.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether consent to anything is asked for.
    pub fn asks(&self) -> bool {
        let lists = [&self.one_trust_categories, &self.ketch_purposes];
        let has_rule = self.rules.iter().any(|rule| !rule.consents.is_empty());
        has_rule || lists.iter().any(|list| !list.is_empty())
    }

    /// Whether an event with this `context.consentManagement` passes.
    pub(super) fn permits(&self, event: Option<&str>) -> bool {
        match event.map_or(Ok(None), Given::read) {
            Ok(None) => true,
            Ok(Some(given)) => self.is_met(&given),
            Err(Unreadable) => self.fail == Fail::Open,
        }
    }

    fn is_met(&self, given: &Given) -> bool {
        let of_provider =
            |rule: &&ConsentRule| rule.provider == given.provider && !rule.consents.is_empty();
        let mut rules = self.rules.iter().filter(of_provider).peekable();
        if rules.peek().is_some() {
            return rules.all(|rule| given.meets(rule));
        }
        let is_of = |provider: &str| given.provider.is_empty() || given.provider == provider;
        if is_of("oneTrust") && !self.one_trust_categories.is_empty() {
            return given.covers(&self.one_trust_categories, Resolution::And);
        }
        if is_of("ketch") && !self.ketch_purposes.is_empty() {
            return given.covers(&self.ketch_purposes, Resolution::Or);
        }
        true
    }
}

/// A consent that cannot be read.
#[derive(Debug)]
struct Unreadable;

/// What an event says.
struct Given {
    provider: String,
    resolution: Resolution,
    ids: Ids,
}

enum Ids {
    Denied(Vec<String>),
    /// Only these are allowed; nothing is said of what was denied.
    Allowed(Vec<String>),
}

impl Given {
    /// What an event says; none where it names nothing that was denied or allowed.
    fn read(raw: &str) -> Result<Option<Self>, Unreadable> {
        let object = match serde_json::from_str(raw) {
            Ok(Value::Null) => return Ok(None),
            Ok(Value::Object(object)) => object,
            _ => return Err(Unreadable),
        };
        let provider = text(&object, "provider")?.to_owned();
        let resolution = Resolution::of(text(&object, "resolutionStrategy")?);
        let denied = ids(object.get("deniedConsentIds"))?;
        let ids = if denied.is_empty() {
            Ids::Allowed(allowed(object.get("allowedConsentIds"))?)
        } else {
            Ids::Denied(denied)
        };
        let says_nothing = matches!(&ids, Ids::Allowed(ids) if ids.is_empty());
        Ok((!says_nothing).then_some(Self { provider, resolution, ids }))
    }

    fn meets(&self, rule: &ConsentRule) -> bool {
        let is_custom = self.provider == CUSTOM;
        self.covers(&rule.consents, if is_custom { rule.resolution } else { self.resolution })
    }

    fn covers(&self, wanted: &[String], resolution: Resolution) -> bool {
        let has = |id: &String| match &self.ids {
            Ids::Denied(denied) => !denied.contains(id),
            Ids::Allowed(allowed) => allowed.contains(id),
        };
        match resolution {
            Resolution::And => wanted.iter().all(has),
            Resolution::Or => wanted.iter().any(has),
        }
    }
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str, Unreadable> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Unreadable),
    }
}

fn ids(value: Option<&Value>) -> Result<Vec<String>, Unreadable> {
    let list = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Unreadable),
    };
    list.iter().map(|id| id.as_str().map(str::to_owned).ok_or(Unreadable)).collect()
}

/// Some SDKs send what was allowed as an object of names by id.
fn allowed(value: Option<&Value>) -> Result<Vec<String>, Unreadable> {
    match value {
        Some(Value::Object(names)) => Ok(names.keys().cloned().collect()),
        other => ids(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn rule(provider: &str, consents: &[&str], resolution: Resolution) -> Consent {
        let rule =
            ConsentRule { provider: provider.to_owned(), consents: strings(consents), resolution };
        Consent { rules: vec![rule], ..Consent::default() }
    }

    #[track_caller]
    fn check(consent: &Consent, event: &str, want: bool) {
        assert_eq!(consent.permits(Some(event)), want, "{event}");
    }

    fn denied(provider: &str, resolution: &str, ids: &[&str]) -> String {
        serde_json::json!({
            "provider": provider, "resolutionStrategy": resolution, "deniedConsentIds": ids,
            "allowedConsentIds": ["a", "b"],
        })
        .to_string()
    }

    #[test]
    fn the_event_says_how_many_are_needed() {
        let consent = rule("oneTrust", &["a", "b"], Resolution::Or);
        check(&consent, &denied("oneTrust", "and", &["a"]), false);
        check(&consent, &denied("oneTrust", "", &["b", "x"]), false);
        check(&consent, &denied("oneTrust", "xor", &["b"]), false);
        check(&consent, &denied("oneTrust", "and", &["x"]), true);
        check(&consent, &denied("oneTrust", "and", &["A"]), true);
        check(&consent, &denied("oneTrust", "or", &["a"]), true);
        check(&consent, &denied("oneTrust", "or", &["b", "a"]), false);
    }

    #[test]
    fn for_custom_providers_the_connection_says_it() {
        let one = rule("custom", &["a", "b"], Resolution::Or);
        check(&one, &denied("custom", "and", &["a"]), true);
        check(&one, &denied("custom", "and", &["a", "b"]), false);
        let every = rule("custom", &["a", "b"], Resolution::And);
        check(&every, &denied("custom", "or", &["a"]), false);
    }

    #[test]
    fn rules_of_other_providers_and_empty_ones_ask_for_nothing() {
        check(&rule("ketch", &["a"], Resolution::And), &denied("oneTrust", "", &["a"]), true);
        check(&rule("ketch", &["a"], Resolution::And), &denied("", "", &["a"]), true);
        check(&rule("ketch", &[], Resolution::And), &denied("ketch", "", &["a"]), true);
        check(&Consent::default(), &denied("ketch", "", &["a"]), true);
        assert!(!rule("ketch", &[], Resolution::And).asks());
        assert!(rule("ketch", &["a"], Resolution::And).asks());
    }

    #[test]
    fn the_older_forms_count_where_no_rule_is_of_the_provider() {
        let older = Consent {
            one_trust_categories: strings(&["a", "b"]),
            ketch_purposes: strings(&["c", "d"]),
            ..rule("iubenda", &["x"], Resolution::And)
        };
        assert!(older.asks());
        for provider in ["", "oneTrust"] {
            check(&older, &denied(provider, "or", &["a"]), false);
            check(&older, &denied(provider, "", &["c", "d"]), true);
        }
        check(&older, &denied("ketch", "and", &["c"]), true);
        check(&older, &denied("ketch", "and", &["c", "d"]), false);
        check(&older, &denied("iubenda", "", &["a", "c", "d"]), true);
        check(&older, &denied("iubenda", "", &["x"]), false);
        let only_ketch = Consent { one_trust_categories: Vec::new(), ..older };
        check(&only_ketch, &denied("", "", &["c", "d"]), false);
    }

    #[test]
    fn where_nothing_was_denied_what_was_allowed_counts() {
        let consent = rule("oneTrust", &["a", "b"], Resolution::And);
        let event = |rest: &str| format!(r#"{{"provider":"oneTrust",{rest}}}"#);
        check(&consent, &event(r#""allowedConsentIds":["a","b","c"]"#), true);
        check(&consent, &event(r#""allowedConsentIds":["a"],"deniedConsentIds":[]"#), false);
        check(&consent, &event(r#""allowedConsentIds":["a"],"resolutionStrategy":"or""#), true);
        check(&consent, &event(r#""allowedConsentIds":{"a":"Ads","b":"Base"}"#), true);
        check(&consent, &event(r#""allowedConsentIds":{"a":"Ads"}"#), false);
        check(&consent, &event(r#""allowedConsentIds":[]"#), true);
        check(&consent, &event(r#""deniedConsentIds":null"#), true);
        check(&consent, "null", true);
        check(&consent, "{}", true);
        assert!(consent.permits(None));
    }

    #[test]
    fn what_cannot_be_read_passes_unless_it_is_to_be_kept_back() {
        let open = rule("oneTrust", &["a"], Resolution::And);
        let closed = Consent { fail: Fail::Closed, ..open.clone() };
        for event in [
            "7",
            "[]",
            r#"{"provider":7}"#,
            r#"{"deniedConsentIds":"a"}"#,
            r#"{"deniedConsentIds":["a",7]}"#,
            r#"{"resolutionStrategy":[]}"#,
            r#"{"allowedConsentIds":7}"#,
        ] {
            check(&open, event, true);
            check(&closed, event, false);
        }
        let odd = r#"{"provider":"oneTrust","deniedConsentIds":["x"],"allowedConsentIds":7}"#;
        check(&closed, odd, true);
    }
}
