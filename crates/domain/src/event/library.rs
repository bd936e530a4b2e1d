//! Which SDK has made an event, as the event says itself in `context.library`.

use std::borrow::Cow;

use super::json;

/// An SDK, in its own words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Library<'t> {
    /// What it calls itself; empty where it does not say so.
    pub name: Cow<'t, str>,
    /// Its version; empty where it does not say so.
    pub version: Cow<'t, str>,
    /// The JSON in which it says so.
    pub written: &'t str,
}

impl<'t> Library<'t> {
    /// Reads an event's raw `context`; none where it names no SDK.
    pub fn of(context: &'t str) -> Option<Self> {
        let [library] = json::named(context, ["library"])?;
        let written = library?;
        let [name, version] = json::named(written, ["name", "version"])?;
        let text = |raw: Option<&'t str>| raw.and_then(json::string).unwrap_or_default();
        let library = Self { name: text(name), version: text(version), written };
        (!library.name.is_empty() || !library.version.is_empty()).then_some(library)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_sdk_is_what_the_library_of_the_context_says() {
        let check = |context: &str, want: Option<(&str, &str)>| {
            let library = Library::of(context);
            let found = library.as_ref().map(|one| (one.name.as_ref(), one.version.as_ref()));
            assert_eq!(found, want, "{context}");
        };
        let node = r#"{"app":{"library":{"name":"no"}},"library":{"name":"node","version":"3.0"}}"#;
        check(node, Some(("node", "3.0")));
        check(r#"{ "l\u0069brary" : {"version":"\u0031","a":[1]} }"#, Some(("", "1")));
        check(r#"{"library":{"name":"a"},"library":{"name":"b \"c\""}}"#, Some(("b \"c\"", "")));
        check(r#"{"library":{"name":7,"version":null}}"#, None);
        check(r#"{"library":"node"}"#, None);
        check(r#"{"library":{}}"#, None);
        check("{}", None);
        check("[]", None);
        check(r#"{"library":{"name":"cut"#, None);
        check("", None);
    }
}
