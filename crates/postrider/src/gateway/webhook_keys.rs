//! The public keys that requests to endpoints are signed with, for receivers to check them by.
//!
//! A JSON Web Key Set (RFC 7517, RFC 8037). It says nothing of destinations: who reads it, anybody,
//! learns keys and no more.

use std::collections::BTreeSet;

use domain::destination::DestinationSettings;
use domain::workspace::Workspace;
use serde_json::{Value, json};

/// The keys of all destinations that have one, each once.
pub fn body(workspace: &Workspace) -> String {
    let keys = workspace.destinations.iter().filter_map(|destination| {
        let DestinationSettings::Webhook(settings) = &destination.settings;
        let key = settings.signing.as_ref()?.ed25519.as_ref()?;
        Some((key.public_text(), key.public_coordinate()))
    });
    let keys: BTreeSet<(String, String)> = keys.collect();
    let key = |(text, coordinate): &(String, String)| json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "x": coordinate, "whpk": text});
    let keys: Vec<Value> = keys.iter().map(key).collect();
    json!({ "keys": keys }).to_string()
}

#[cfg(test)]
mod tests {
    use domain::destination::Destination;
    use domain::destination::webhook::{PrivateKey, Signing, WebhookSettings};
    use domain::id::DestinationId;

    use super::*;

    fn destination(seed: Option<&str>) -> Destination {
        let key = |text: &str| PrivateKey::parse(text).expect("a key");
        let signing = Signing { keys: Vec::new(), ed25519: seed.map(key) };
        let settings = WebhookSettings {
            signing: Some(Box::new(signing)),
            ..WebhookSettings::posting_to("http://a.test")
        };
        let settings = DestinationSettings::Webhook(settings);
        Destination::new(DestinationId::new("secret-name"), "secret name", settings)
    }

    #[test]
    fn each_public_key_is_listed_once_and_nothing_else() {
        // The first test vector of RFC 8032, section 7.1.
        let seed = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
        let destinations =
            vec![destination(Some(seed)), destination(None), destination(Some(seed))];
        let workspace = Workspace { destinations, ..Workspace::default() };
        assert_eq!(
            body(&workspace),
            concat!(
                r#"{"keys":[{"crv":"Ed25519","kty":"OKP","use":"sig","#,
                r#""whpk":"whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=","#,
                r#""x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#
            )
        );
        assert_eq!(body(&Workspace::default()), r#"{"keys":[]}"#);
    }
}
