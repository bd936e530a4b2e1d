//! The settings of a webhook destination, checked when they are made.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::dynamic::Dynamic;
use super::header;
use super::query::GetExtra;
use super::signing::Signing;
use super::target::Target;
use super::template::Setting;
use super::tls::TlsSettings;

/// What a webhook destination needs to know.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSettings {
    /// `http`, `https`, or `playground://<name>` for the built-in receiver; kept byte for byte.
    pub url: Setting<String>,
    /// The HTTP method of each request.
    pub method: Setting<Method>,
    /// Headers added to each request; their values are secrets.
    pub headers: Vec<HeaderSetting>,
    /// How far events may choose where they go.
    #[serde(default)]
    pub dynamic: Dynamic,
    /// What the query of GET and DELETE carries besides, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub get_extras: Vec<GetExtra>,
    /// What requests are signed with; not at all where there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing: Option<Box<Signing>>,
    /// What TLS takes from here; everything from the machine where there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<TlsSettings>>,
}

/// One configured header.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderSetting {
    /// Its name, in any letter case; where it is empty, nothing is sent.
    pub name: Setting<String>,
    /// Its value: a secret, never shown.
    pub value: Setting<String>,
}

/// The HTTP method of a webhook.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// The whole event as body.
    #[default]
    Post,
    /// The whole event as body.
    Put,
    /// The whole event as body.
    Patch,
    /// Traits or properties as query.
    Get,
    /// Traits or properties as query.
    Delete,
}

impl Method {
    /// All methods, in the order of the docs.
    pub const ALL: [Self; 5] = [Self::Post, Self::Put, Self::Patch, Self::Get, Self::Delete];

    /// The method as it stands in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Get => "GET",
            Self::Delete => "DELETE",
        }
    }

    /// The method with this name, exactly as written in upper case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }

    /// Whether the event travels in the body, rather than in the query.
    pub fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// A setting that cannot work.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct SettingsError {
    /// Which setting, as it is named in a workspace file.
    pub field: String,
    /// What is wrong with it, and what to do.
    pub reason: String,
}

impl WebhookSettings {
    /// Settings that post to a URL, and leave everything else as it is by itself.
    pub fn posting_to(url: impl Into<String>) -> Self {
        Self {
            url: Setting::Fixed(url.into()),
            method: Setting::Fixed(Method::Post),
            headers: Vec::new(),
            dynamic: Dynamic::default(),
            get_extras: Vec::new(),
            signing: None,
            tls: None,
        }
    }

    /// Everything that is wrong with the settings; empty where they can work.
    pub fn check(&self) -> Vec<SettingsError> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, reason: String| {
            errors.push(SettingsError { field: field.to_owned(), reason });
        };
        if let Err(reason) = self.target() {
            let of = if self.url.template().is_some() { "the template's default " } else { "" };
            wrong("webhookUrl", format!("{of}{reason}"));
        }
        for (index, header) in self.headers.iter().enumerate() {
            if let Some(reason) = header.fault(self.signing.as_deref()) {
                wrong(&format!("headers[{index}]"), reason);
            }
        }
        if let Some(reason) = self.signing.as_deref().and_then(Signing::fault) {
            wrong("signing", reason);
        }
        if self.tls.is_some() && self.target().is_ok_and(|target| !target.is_https()) {
            wrong("tls", "has no meaning, as the URL is not https".to_owned());
        }
        errors
    }

    /// Where requests go; those that events send elsewhere aside.
    ///
    /// # Errors
    /// Why the URL cannot be used.
    pub fn target(&self) -> Result<Target, String> {
        Target::parse(self.url.base())
    }

    /// Where requests go, fit to be shown: scheme, host and port, without path and query.
    pub fn shown(&self) -> String {
        self.target().map_or_else(|_| "not a URL".to_owned(), |target| target.shown())
    }
}

impl HeaderSetting {
    /// A header with the same value for all events.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: Setting::Fixed(name.into()), value: Setting::Fixed(value.into()) }
    }

    /// Whether its name is one that belongs to the connection, so that it cannot be set.
    pub fn is_reserved(&self) -> bool {
        self.name.template().is_none() && header::is_reserved(self.name.base())
    }

    /// Name and value, where both are the same for all events and something is sent.
    pub(super) fn fixed(&self) -> Option<(&str, &str)> {
        let is_fixed = self.name.template().is_none() && self.value.template().is_none();
        let (name, value) = (self.name.base(), self.value.base());
        (is_fixed && !name.is_empty()).then_some((name, value))
    }

    /// Why the header cannot be sent; none where it can. One without a name is passed over.
    fn fault(&self, signing: Option<&Signing>) -> Option<String> {
        let name = self.name.base();
        if signing.is_some() && header::is_of_signing(name) {
            let name = name.to_ascii_lowercase();
            return Some(format!("header {name} is set by signing and cannot be set here"));
        }
        // Where an event may give the name, the value is sent even if the default is no name.
        if name.is_empty() && self.name.template().is_none() {
            return None;
        }
        let name_fault = if name.is_empty() { None } else { header::name_fault(name) };
        name_fault.or_else(|| header::configured_value_fault(name, self.value.base()))
    }
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("target", &self.shown())
            .field("url", &self.url)
            .field("method", &self.method)
            .field("headers", &self.headers)
            .field("dynamic", &self.dynamic)
            .field("get_extras", &self.get_extras)
            .field("signing", &self.signing)
            .field("tls", &self.tls)
            .finish()
    }
}

impl fmt::Debug for HeaderSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: [secret]", self.name.text())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        AllowedHost, ClientIdentity, PrivateKey, SecretPem, SigningKey, SigningSecret,
    };
    use super::*;
    use crate::time::Timestamp;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn settings(url: &str, headers: &[(&str, &str)]) -> WebhookSettings {
        let header = |(name, value): &(&str, &str)| HeaderSetting {
            name: Setting::parse(name).unwrap(),
            value: Setting::parse(value).unwrap(),
        };
        let headers = headers.iter().map(header).collect();
        let url = Setting::parse(url).unwrap();
        WebhookSettings { url, headers, ..WebhookSettings::posting_to("") }
    }

    fn identity() -> Option<ClientIdentity> {
        Some(ClientIdentity { certificate: "c".to_owned(), key: SecretPem::new("PR1VATE") })
    }

    fn key(valid_until: Option<Timestamp>) -> SigningKey {
        SigningKey { secret: SigningSecret::parse(SECRET).unwrap(), valid_until }
    }

    #[test]
    fn headers_are_checked_when_they_are_set() {
        let check = |name: &str, value: &str, good: bool| {
            let errors = settings("http://a.test/", &[(name, value)]).check();
            assert_eq!(errors.is_empty(), good, "{name}: {value}: {errors:?}");
        };
        check("Authorization", "Bearer x y", true);
        check("content-type", "text/plain", true);
        check("x", "", true);
        check("x y", "1", false);
        check("x:", "1", false);
        check("x", "a\r\nb: c", false);
        check("x", "\u{0}", false);
        check("x", "é", false);
        check("x", "{{ a.b || é }}", false);
        check("x", "{{ a.b || e }}", true);
        check("Host", "a", false);
        check("Content-Length", "1", false);
        check("Webhook-Id", "1", true);
        check("{{ a || x-team }}", "1", true);
        check("{{ a || }}", "1", true);
        check("{{ a || }}", "é", false);
        check("{{ a || x y }}", "1", false);
        check("{{ a || Host }}", "1", false);
        check("{{ a }}", "1", false);
    }

    #[test]
    fn a_templates_default_is_checked_as_the_url_would_be() {
        let check = |url: &str, want: &str| {
            let errors = settings(url, &[]).check();
            assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), [want], "{url}");
        };
        check(
            "{{ a.b || }}",
            "webhookUrl: the template's default is empty; give the endpoint's http or https URL",
        );
        check(
            "{{ a.b || ftp://a.test }}",
            "webhookUrl: the template's default scheme ftp cannot be used, only http and https",
        );
        let good = settings("{{ a.b || \"https://a.test/x\" }}", &[]);
        assert_eq!((good.check(), good.shown().as_str()), (vec![], "https://a.test"));
    }

    #[test]
    fn what_signing_sets_cannot_be_set_and_a_key_must_stay() {
        let check = |signing: Signing, headers: &[(&str, &str)], want: &[&str]| {
            let settings = WebhookSettings {
                signing: Some(Box::new(signing)),
                ..settings("http://a.test/", headers)
            };
            let errors: Vec<_> = settings.check().iter().map(ToString::to_string).collect();
            assert_eq!(errors, want);
        };
        let keys = |keys: Vec<SigningKey>| Signing { keys, ed25519: None };
        let ending = || key(Some(Timestamp(1)));
        check(keys(vec![ending(), key(None)]), &[], &[]);
        check(
            keys(vec![key(None)]),
            &[("x", ""), ("WebHook-Id", "1")],
            &["headers[1]: header webhook-id is set by signing and cannot be set here"],
        );
        check(keys(vec![]), &[], &["signing: has no key; give one in \"keys\", or \"ed25519\""]);
        check(
            keys(vec![ending()]),
            &[],
            &["signing: has no key that stays: one must have no \"validUntil\""],
        );
        let seed = "whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
        let ed25519 = Some(PrivateKey::parse(seed).unwrap());
        check(Signing { keys: vec![ending()], ed25519 }, &[], &[]);
    }

    #[test]
    fn tls_is_for_https() {
        let tls = || Some(Box::new(TlsSettings { ca: Some("x".to_owned()), identity: None }));
        let check = |url: &str, want: &[&str]| {
            let errors = WebhookSettings { tls: tls(), ..settings(url, &[]) }.check();
            assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), want, "{url}");
        };
        check("https://a.test/", &[]);
        check("{{ a || https://a.test }}", &[]);
        check("http://a.test/", &["tls: has no meaning, as the URL is not https"]);
        check("playground://a", &["tls: has no meaning, as the URL is not https"]);
    }

    #[test]
    fn settings_written_before_there_were_choices_are_read_the_same() {
        let text =
            r#"{"url":"https://a.test/x","method":"PUT","headers":[{"name":"x","value":"1"}]}"#;
        let read: WebhookSettings = serde_json::from_str(text).unwrap();
        let want = WebhookSettings {
            method: Setting::Fixed(Method::Put),
            ..settings("https://a.test/x", &[("x", "1")])
        };
        assert_eq!(read, want);
    }

    #[test]
    fn settings_come_back_as_they_were_written() {
        let hosts = vec![AllowedHost::parse("*.b.example").unwrap()];
        let settings = WebhookSettings {
            method: Setting::parse("{{ context.how || GET }}").unwrap(),
            dynamic: Dynamic::Hosts(hosts),
            get_extras: GetExtra::ALL.to_vec(),
            signing: Some(Box::new(Signing { keys: vec![key(None)], ed25519: None })),
            tls: Some(Box::new(TlsSettings { ca: Some("x".to_owned()), identity: identity() })),
            ..settings("{{ a.b || \"http://a.test\" }}", &[("x", "{{ c || 1 }}")])
        };
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<WebhookSettings>(&text).unwrap(), settings, "{text}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let settings = WebhookSettings {
            signing: Some(Box::new(Signing { keys: vec![key(None)], ed25519: None })),
            tls: Some(Box::new(TlsSettings { ca: None, identity: identity() })),
            ..settings("https://a.test/t0ken", &[("x-key", "s3cret"), ("y", "{{ a || s3cret }}")])
        };
        let shown = format!("{settings:?} {}", settings.shown());
        let secrets = ["s3cret", "t0ken", "MfKQ9r8", "PR1VATE"];
        assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{shown}");
    }
}
