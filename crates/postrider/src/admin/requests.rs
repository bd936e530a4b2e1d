//! How a destination makes its requests, as the status tells it: what is signed with, what events
//! may choose, what is looked up in them. No secret is in it, no header's value, no path of a URL.

use domain::destination::webhook::{
    AllowedHost, ClientIdentity, Dynamic, GetExtra, HeaderSetting, Setting, Signing, SigningKey,
    TlsSettings, WebhookSettings,
};
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::certificate::{self, Holder};

/// How requests are made.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestsStatus {
    /// Null where nothing is signed.
    signing: Option<SigningStatus>,
    /// How far events may choose where they go: `off`, `same_origin` or `hosts`.
    dynamic: &'static str,
    /// The hosts that events may choose; empty but for `hosts`.
    #[schema(value_type = Vec<String>)]
    hosts: Vec<AllowedHost>,
    /// Names of the configured headers as they were written.
    headers: Vec<String>,
    /// What is looked up in each event.
    templates: Vec<TemplateStatus>,
    /// What a query carries besides.
    #[schema(value_type = Vec<String>)]
    get_extras: Vec<GetExtra>,
    /// Null where TLS is as the machine has it.
    tls: Option<TlsStatus>,
}

/// What TLS takes from the destination: whose certificates these are, and no key.
#[derive(Debug, Serialize, ToSchema)]
struct TlsStatus {
    /// Who is trusted in the place of the machine's authorities; the machine's where it is empty.
    authorities: Vec<HolderStatus>,
    /// Who we are to an endpoint that asks; nobody where it is null.
    client: Option<HolderStatus>,
}

#[derive(Debug, Serialize, ToSchema)]
struct HolderStatus {
    subject: String,
    valid_until: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct SigningStatus {
    /// How receivers may check signatures: `v1` with a shared secret, `v1a` with a public key.
    schemes: Vec<&'static str>,
    /// The shared secrets, without a word of them.
    keys: Vec<KeyStatus>,
}

#[derive(Debug, Serialize, ToSchema)]
struct KeyStatus {
    /// From when on nothing is signed with it any more; null where there is no end.
    valid_until: Option<String>,
    /// Whether it signs now.
    signs: bool,
}

/// A setting that is looked up in each event.
#[derive(Debug, Serialize, ToSchema)]
struct TemplateStatus {
    /// Which, as a workspace file names it.
    setting: String,
    /// Where in the event.
    path: String,
}

impl RequestsStatus {
    /// What the settings say, at this moment.
    pub fn of(settings: &WebhookSettings, now: Timestamp) -> Self {
        let hosts = match &settings.dynamic {
            Dynamic::Hosts(hosts) => hosts.clone(),
            Dynamic::Off | Dynamic::SameOrigin => Vec::new(),
        };
        Self {
            signing: settings.signing.as_deref().map(|own| signing(own, now)),
            dynamic: settings.dynamic.as_str(),
            hosts,
            headers: settings.headers.iter().map(|one| one.name.text().to_owned()).collect(),
            templates: templates(settings),
            get_extras: settings.get_extras.clone(),
            tls: settings.tls.as_deref().map(tls),
        }
    }
}

fn signing(own: &Signing, now: Timestamp) -> SigningStatus {
    let key = |key: &SigningKey| KeyStatus {
        valid_until: key.valid_until.map(|end| end.to_string()),
        signs: key.valid_until.is_none_or(|end| now < end),
    };
    let schemes = [("v1", !own.keys.is_empty()), ("v1a", own.ed25519.is_some())];
    let schemes = schemes.into_iter().filter_map(|(scheme, is_used)| is_used.then_some(scheme));
    SigningStatus { schemes: schemes.collect(), keys: own.keys.iter().map(key).collect() }
}

fn tls(own: &TlsSettings) -> TlsStatus {
    let holders = |pem: &str| certificate::holders(pem.as_bytes()).into_iter().map(holder);
    let own_certificate = |identity: &ClientIdentity| holders(&identity.certificate).next();
    TlsStatus {
        authorities: own.ca.as_deref().map(holders).into_iter().flatten().collect(),
        client: own.identity.as_ref().and_then(own_certificate),
    }
}

fn holder(Holder { subject, valid_until }: Holder) -> HolderStatus {
    HolderStatus { subject, valid_until: valid_until.to_string() }
}

fn templates(settings: &WebhookSettings) -> Vec<TemplateStatus> {
    let rows = settings.headers.iter().enumerate();
    let of_headers = rows.flat_map(|(row, HeaderSetting { name, value })| {
        [(format!("headers[{row}].from"), path(name)), (format!("headers[{row}].to"), path(value))]
    });
    let url = ("webhookUrl".to_owned(), path(&settings.url));
    let method = settings.method.template().map(|one| one.path().join("."));
    let all = [url, ("webhookMethod".to_owned(), method)].into_iter().chain(of_headers);
    all.filter_map(|(setting, path)| path.map(|path| TemplateStatus { setting, path })).collect()
}

fn path(setting: &Setting<String>) -> Option<String> {
    setting.template().map(|template| template.path().join("."))
}

#[cfg(test)]
mod tests {
    use domain::destination::webhook::{PrivateKey, SecretPem, SigningSecret};
    use serde_json::{Value, json};
    use testkit::Certificate;

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn shown(settings: &WebhookSettings) -> Value {
        serde_json::to_value(RequestsStatus::of(settings, NOW)).unwrap()
    }

    #[test]
    fn what_is_not_set_is_told_as_it_is_by_itself() {
        let expected = json!({
            "signing": null, "dynamic": "same_origin", "hosts": [], "headers": [],
            "templates": [], "get_extras": [], "tls": null,
        });
        assert_eq!(shown(&WebhookSettings::posting_to("https://a.test/t0ken")), expected);
    }

    #[test]
    fn everything_is_told_but_secrets() {
        let secret = || SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let seed = "whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
        let ends = [Some(NOW), Some(Timestamp(NOW.0 + 1)), None];
        let keys = ends.map(|valid_until| SigningKey { secret: secret(), valid_until });
        let ed25519 = Some(PrivateKey::parse(seed).unwrap());
        let header = |name: &str, value: &str| HeaderSetting {
            name: Setting::parse(name).unwrap(),
            value: Setting::parse(value).unwrap(),
        };
        let (authority, own) = (Certificate::of_localhost(), Certificate::of_localhost());
        let held = json!({
            "subject": "CN=rcgen self signed cert", "valid_until": "4096-01-01T00:00:00.000Z",
        });
        let (certificate, private) = (own.pem.clone(), SecretPem::new(&*own.key_pem));
        let identity = Some(ClientIdentity { certificate, key: private });
        let settings = WebhookSettings {
            url: Setting::parse("{{ event.context.url || https://a.test/t0ken }}").unwrap(),
            method: Setting::parse("{{ how || PUT }}").unwrap(),
            headers: vec![header("X-Key", "s3cret"), header("{{ n || X }}", "{{ v || s3cret }}")],
            dynamic: Dynamic::Hosts(vec![AllowedHost::parse("*.b.example").unwrap()]),
            get_extras: vec![GetExtra::MessageId],
            signing: Some(Box::new(Signing { keys: keys.to_vec(), ed25519 })),
            tls: Some(Box::new(TlsSettings { ca: Some(authority.pem.clone()), identity })),
        };
        let told = shown(&settings);
        let expected = json!({
            "signing": {"schemes": ["v1", "v1a"], "keys": [
                {"valid_until": "2023-11-14T22:13:20.000Z", "signs": false},
                {"valid_until": "2023-11-14T22:13:20.001Z", "signs": true},
                {"valid_until": null, "signs": true},
            ]},
            "dynamic": "hosts", "hosts": ["*.b.example"],
            "headers": ["X-Key", "{{ n || X }}"],
            "templates": [
                {"setting": "webhookUrl", "path": "context.url"},
                {"setting": "webhookMethod", "path": "how"},
                {"setting": "headers[1].from", "path": "n"},
                {"setting": "headers[1].to", "path": "v"},
            ],
            "get_extras": ["messageId"],
            "tls": {"authorities": [held], "client": held},
        });
        assert_eq!(told, expected);
        let key = own.key_pem.lines().nth(1).unwrap();
        let secrets = ["s3cret", "t0ken", "MfKQ9r8", "BwcHBw", key];
        assert!(secrets.iter().all(|secret| !told.to_string().contains(secret)), "{told}");
    }
}
