//! Settings that may be filled in from each event: `{{ event.context.url || "https://…" }}`.
//!
//! In comes a setting's text, once; out goes a value that knows where to look. A text that is not
//! exactly of this form is no template and stands for itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::settings::Method;
use super::target::veiled;

/// A setting: the same for all events, or looked up in each.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Setting<T: Textual> {
    /// The same for all events.
    Fixed(T),
    /// Looked up in each event.
    Looked(Box<Template<T>>),
}

/// A place in an event, and what counts where nothing is there.
#[derive(Clone, PartialEq, Eq)]
pub struct Template<T> {
    /// As it was written.
    text: String,
    /// Names of members, from the event's top down; at least one.
    path: Vec<String>,
    default: T,
}

/// What a setting can be made of.
pub trait Textual: Clone {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with the text.
    fn from_text(text: &str) -> Result<Self, String>;

    /// Its text, as it is read.
    fn text(&self) -> &str;
}

impl Textual for String {
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn text(&self) -> &str {
        self
    }
}

impl Textual for Method {
    fn from_text(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        Self::from_name(text).ok_or_else(|| format!("is {text:?}, but must be one of {}", known()))
    }

    fn text(&self) -> &str {
        self.as_str()
    }
}

impl<T: Textual> Setting<T> {
    /// Reads a setting; a template's default is read as the setting would be.
    ///
    /// # Errors
    /// What is wrong with the value or the default.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((path, default)) = parts(text) else { return T::from_text(text).map(Self::Fixed) };
        let default = T::from_text(&default).map_err(|reason| format!("default {reason}"))?;
        let path = path.split('.').map(str::to_owned).collect();
        Ok(Self::Looked(Box::new(Template { text: text.to_owned(), path, default })))
    }

    /// The value, or what counts where an event has none.
    pub fn base(&self) -> &T {
        match self {
            Self::Fixed(value) => value,
            Self::Looked(template) => &template.default,
        }
    }

    /// The setting as it was written.
    pub fn text(&self) -> &str {
        match self {
            Self::Fixed(value) => value.text(),
            Self::Looked(template) => &template.text,
        }
    }

    /// The template; none where the setting is the same for all events.
    pub fn template(&self) -> Option<&Template<T>> {
        match self {
            Self::Fixed(_) => None,
            Self::Looked(template) => Some(template),
        }
    }
}

impl Setting<String> {
    /// The setting of a URL for those who may not set it; see [`super::target::veiled`].
    pub fn veiled(&self) -> String {
        match self {
            Self::Fixed(url) => veiled(url),
            Self::Looked(template) => {
                let (path, default) = (template.path.join("."), veiled(&template.default));
                format!("{{{{ event.{path} || \"{default}\" }}}}")
            }
        }
    }
}

impl<T> Template<T> {
    /// Names of members, from the event's top down.
    pub fn path(&self) -> &[String] {
        &self.path
    }

    /// What counts where nothing is there.
    pub fn default(&self) -> &T {
        &self.default
    }
}

/// Path and default of a text that is a template; none of every other.
fn parts(text: &str) -> Option<(&str, String)> {
    let inner = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let (path, default) = inner.split_once("||")?;
    let path = path.trim();
    // Both words stand for the event, unless one of them is all there is.
    let path = ["event.", "message."].iter().find_map(|own| path.strip_prefix(own)).unwrap_or(path);
    let is_path = path.split('.').all(is_name);
    is_path.then(|| (path, default.replace('"', "").trim().to_owned()))
}

fn is_name(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_word) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

impl<T: Textual> TryFrom<String> for Setting<T> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl<T: Textual> From<Setting<T>> for String {
    fn from(setting: Setting<T>) -> Self {
        setting.text().to_owned()
    }
}

impl<T: Textual> fmt::Debug for Setting<T> {
    /// Shows where a value comes from, and never the value, which may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(_) => f.write_str("[fixed]"),
            Self::Looked(template) => write!(f, "[from {}]", template.path.join(".")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<(&str, &str)>) {
        let setting = Setting::<String>::parse(text).unwrap();
        let template = setting.template().map(|one| (one.path().join("."), one.default().clone()));
        let want = want.map(|(path, default)| (path.to_owned(), default.to_owned()));
        assert_eq!(template, want, "{text}");
        assert_eq!(String::from(setting), text, "it is written as it was read");
    }

    #[test]
    fn the_default_of_a_template_is_behind_a_veil() {
        let veiled = |text: &str| Setting::<String>::parse(text).unwrap().veiled();
        let template = r#"{{ event.context.url || "https://a.test/s3cret" }}"#;
        assert_eq!(veiled(template), r#"{{ event.context.url || "https://a.test/…" }}"#);
        let odd = "{{ x||https://a.test/s3\"cret }}";
        assert_eq!(veiled(odd), r#"{{ event.x || "https://a.test/…" }}"#);
        assert_eq!(veiled("https://a.test/s3cret"), "https://a.test/…");
    }

    #[test]
    fn a_template_is_a_path_and_a_default() {
        check(
            r#"{{ event.context.url || "https://a.test/x" }}"#,
            Some(("context.url", "https://a.test/x")),
        );
        check("{{message.properties.how||POST}}", Some(("properties.how", "POST")));
        check("  {{ userId || nobody }} ", Some(("userId", "nobody")));
        check("{{ a.b_1._c || }}", Some(("a.b_1._c", "")));
        check("{{ a || b || c }}", Some(("a", "b || c")));
        check(r#"{{ a || "say \"hi\"" }}"#, Some(("a", r"say \hi\")));
        check("{{ event || x }}", Some(("event", "x")));
        check("{{ event.event || x }}", Some(("event", "x")));
    }

    #[test]
    fn everything_else_stands_for_itself() {
        for text in [
            "",
            "https://a.test/{{x}}",
            "{{ a }}",
            "{{ || x }}",
            "{{ a-b || x }}",
            "{{ a..b || x }}",
            "{{ 1a || x }}",
            "{{ a.0 || x }}",
            "x {{ a || b }}",
            "{{ a || b }} x",
            "{ a || b }",
            "{{ a[0] || x }}",
            "{{ event. || x }}",
            "{{ ä || x }}",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_default_is_checked_like_a_value() {
        let parse = Setting::<Method>::parse;
        assert_eq!(parse("{{ a.b || GET }}").map(|setting| *setting.base()), Ok(Method::Get));
        let reason = "is \"get\", but must be one of POST, PUT, PATCH, GET, DELETE";
        assert_eq!(parse("get"), Err(reason.to_owned()));
        assert_eq!(parse("{{ a.b || get }}"), Err(format!("default {reason}")));
    }
}
