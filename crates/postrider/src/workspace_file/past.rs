//! Settings of the past: a destination as the audit log shows it, read again.
//!
//! It was written without its secrets. In the place of each comes something of its kind, which ends as
//! its mark does, so that it is shown in the same way; nothing can be signed with it, nor proved by it.

use domain::destination::DestinationSettings;
use domain::destination::webhook::WebhookSettings;
use serde_json::{Value, json};

use super::node::Node;
use super::objects;
use super::source::Made;

/// Secrets that are valid, and nobody's.
const SHARED: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const PRIVATE: &str = "whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// The settings of a destination as it was shown; none where that cannot be read.
pub fn webhook(shown: &str) -> Option<WebhookSettings> {
    let mut shown: Value = serde_json::from_str(shown).ok()?;
    let headers = shown.pointer_mut("/config/headers").and_then(Value::as_array_mut);
    for header in headers.into_iter().flatten() {
        fill(header.get_mut("to"), as_marked);
    }
    let own = shown.get_mut("postrider").and_then(Value::as_object_mut);
    if let Some(own) = own {
        // Neither is part of a request.
        own.remove("tls");
        own.remove("delivery");
        if let Some(signing) = own.get_mut("signing") {
            let keys = signing.get_mut("keys").and_then(Value::as_array_mut);
            for key in keys.into_iter().flatten() {
                fill(key.get_mut("secret"), |_| SHARED.to_owned());
            }
            fill(signing.get_mut("ed25519"), |_| PRIVATE.to_owned());
        }
    }
    let text = shown.to_string();
    let destination = objects::destination(&Node::root(&text), Made::default(), None).ok()?;
    let DestinationSettings::Webhook(settings) = destination.settings;
    Some(settings)
}

fn fill(place: Option<&mut Value>, with: impl FnOnce(&str) -> String) {
    if let Some(place) = place
        && let Some(mark) = place.as_str()
    {
        *place = json!(with(mark));
    }
}

/// A header's value of which the same is shown: its last characters where the secret was long.
fn as_marked(mark: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./+=".contains(letter);
    match mark.split_once('…').map_or("", |(_, ending)| ending) {
        _ if mark.is_empty() => String::new(),
        "" => "secret".to_owned(),
        ending if ending.chars().all(is_plain) => format!("secret-of-then-{ending}"),
        // The value was no plain text: it may have been looked up in events.
        _ => "secret".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use domain::destination::Destination;
    use domain::destination::webhook::{
        HeaderSetting, PrivateKey, Signing, SigningKey, SigningSecret, TlsSettings,
    };
    use domain::id::DestinationId;

    use super::*;
    use crate::workspace_file::forms::DestinationForm;

    fn shown(settings: &WebhookSettings) -> String {
        let settings = DestinationSettings::Webhook(settings.clone());
        let destination = Destination::new(DestinationId::new("d"), "D", settings);
        serde_json::to_string(&DestinationForm::from(&destination)).expect("a text")
    }

    #[test]
    fn settings_of_the_past_are_those_of_then_and_show_the_same_of_their_secrets() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let keys = vec![SigningKey { secret: secret.expect("a secret"), valid_until: None }];
        let ed25519 = PrivateKey::parse("whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
        let ed25519 = Some(ed25519.expect("a key"));
        let then = WebhookSettings {
            headers: vec![
                HeaderSetting::new("X-Key", "Bearer s3cret-of-the-shop"),
                HeaderSetting::new("X-Short", "hush"),
                HeaderSetting::new("X-Empty", ""),
            ],
            signing: Some(Box::new(Signing { keys, ed25519 })),
            tls: Some(Box::new(TlsSettings { ca: Some("a PEM".to_owned()), identity: None })),
            ..WebhookSettings::posting_to("https://a.test/in?b=1")
        };
        let read = webhook(&shown(&then)).expect("settings");
        assert_eq!((read.url.text(), read.check()), ("https://a.test/in?b=1", Vec::new()));
        let signing = read.signing.as_deref().expect("signing");
        assert_eq!((signing.keys.len(), signing.ed25519.is_some()), (1, true));
        let marks = |settings: &WebhookSettings| -> Value {
            let shown: Value = serde_json::from_str(&shown(settings)).expect("JSON");
            shown["config"]["headers"].clone()
        };
        assert_eq!(marks(&read), marks(&then));
        let plain = webhook(&shown(&WebhookSettings::posting_to("http://a.test/")));
        assert_eq!(plain, Some(WebhookSettings::posting_to("http://a.test/")));
        for odd in ["", "null", "{}", r#"{"config":{"webhookUrl":"x"}}"#] {
            assert_eq!(webhook(odd), None, "{odd}");
        }
    }
}
