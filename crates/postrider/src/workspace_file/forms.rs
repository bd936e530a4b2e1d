//! Objects as they are shown: the shape in which they are read, with marks in the place of secrets.
//!
//! In comes an object of the catalog; out goes what a reader of the same object makes the same of, as
//! long as it knows the secrets. What is as it is by itself is left out.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use domain::connection::Connection;
use domain::delivery::flow::OwnBounds;
use domain::delivery::lanes::Order;
use domain::delivery::policy::{Class, OwnPolicy, Preset, Treatment};
use domain::destination::webhook::{Dynamic, HeaderSetting, Signing, TlsSettings, WebhookSettings};
use domain::destination::{Destination, DestinationSettings, OwnDelivery};
use domain::filter::{Consent, Fail, Filter, Resolution};
use domain::source::{RateLimit, Source, WriteKey};
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::secrets::{Kind, mark};
use crate::config::units::show_duration;

/// How an object of the catalog is shown.
pub trait Form: Serialize {
    /// The same as a version that is, or is not, a file's.
    #[must_use]
    fn shown(self, version: u64, managed_by: Option<&'static str>) -> Self;

    /// The same for those who may not edit it.
    #[must_use]
    fn veiled(self) -> Self;
}

macro_rules! form {
    ($name:ident, $veiled:expr) => {
        impl Form for $name {
            fn shown(self, version: u64, managed_by: Option<&'static str>) -> Self {
                Self { version: Some(version), managed_by, ..self }
            }

            fn veiled(self) -> Self {
                $veiled(self)
            }
        }
    };
}

form!(SourceForm, std::convert::identity);
form!(DestinationForm, without_url);
form!(ConnectionForm, std::convert::identity);

/// A URL may hold a secret, which is for those who may set it.
fn without_url(mut form: DestinationForm) -> DestinationForm {
    form.config.webhook_url = mark(Kind::Url, &form.config.webhook_url);
    form
}

/// A source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = Source)]
#[serde(rename_all = "camelCase")]
pub struct SourceForm {
    /// Identifies it.
    pub id: String,
    /// The name people gave it.
    pub name: String,
    /// Whether its events are accepted.
    pub enabled: bool,
    /// The key that SDKs send.
    pub write_key: String,
    /// What else may be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postrider: Option<OwnSource>,
    /// Changes with every edit: what `If-Match` names. Read only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = true)]
    pub version: Option<u64>,
    /// `file` where a workspace file decides, and nothing can be edited here. Read only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<&'static str>,
}

/// What else may be set of a source.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnSource {
    /// Further keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub write_keys: Vec<FurtherKey>,
    /// The origins of the pages that may send; any where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
    /// How many events may come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimitForm>,
}

/// A key besides the source's own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FurtherKey {
    /// The key that SDKs send.
    pub key: String,
    /// From when on it is refused; never where there is no time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
}

/// How many events may come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitForm {
    /// On the whole.
    pub events_per_second: u32,
    /// At once, after a silence.
    pub burst: u32,
}

/// A destination.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = Destination)]
#[serde(rename_all = "camelCase")]
pub struct DestinationForm {
    /// Identifies it.
    pub id: String,
    /// The name people gave it.
    pub name: String,
    /// Whether it takes events.
    pub enabled: bool,
    /// `WEBHOOK`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What its type needs to know.
    pub config: WebhookConfig,
    /// What else may be set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postrider: Option<OwnDestination>,
    /// Changes with every edit: what `If-Match` names. Read only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = true)]
    pub version: Option<u64>,
    /// `file` where a workspace file decides, and nothing can be edited here. Read only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<&'static str>,
}

/// What a webhook needs to know.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookConfig {
    /// Where requests go: `http`, `https`, or `playground://name`. Path and query may be secrets: who may
    /// not edit sees `…` in their place, which stands for the stored URL where it is written back.
    pub webhook_url: String,
    /// `POST`, `PUT`, `PATCH`, `GET` or `DELETE`.
    pub webhook_method: String,
    /// What is added to each request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderRow>,
}

/// A header.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct HeaderRow {
    /// Its name.
    pub from: String,
    /// Its value, a secret: shown as a mark, `sealed:…` and its last characters.
    pub to: String,
}

/// What else may be set of a destination.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnDestination {
    /// How far events may choose where they go: `off`, `same_origin`, `hosts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic: Option<&'static str>,
    /// Hosts that events may choose.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// What a query carries besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub get_extras: Vec<&'static str>,
    /// What requests are signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing: Option<SigningForm>,
    /// What TLS takes from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsForm>,
    /// How deliveries are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryForm>,
}

/// What requests are signed with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct SigningForm {
    /// Secrets that the receiver has as well.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<SigningKeyForm>,
    /// A private key, `whsk_…`: a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ed25519: Option<String>,
}

/// A shared secret.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SigningKeyForm {
    /// `whsec_…`: a secret.
    pub secret: String,
    /// From when on nothing is signed with it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
}

/// What TLS takes from a destination.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct TlsForm {
    /// Certificates that are trusted, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// What is shown to an endpoint that asks for a certificate, in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The private key of the certificate, in PEM: a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// How deliveries are made.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryForm {
    /// Whether events gather and wait.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub paused: bool,
    /// Whether what was given up while nothing was taken is replayed by itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub auto_replay: bool,
    /// Which events keep their order: `strict`, `user`, `anonymous`, `none`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<&'static str>,
    /// Attempts under way at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub concurrency: Option<NonZeroU32>,
    /// Attempts that may start in a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub rate: Option<NonZeroU32>,
    /// How long the endpoint may take nothing before it is left alone, as in `2d`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_after: Option<String>,
    /// What is done about failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryForm>,
}

/// What is done about failures.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetryForm {
    /// `standard` or `rudderstack`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<&'static str>,
    /// The wait after the first failure, as in `5s`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_backoff: Option<String>,
    /// The longest wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_backoff: Option<String>,
    /// When a delivery is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<String>,
    /// After how many attempts a delivery is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub max_attempts: Option<NonZeroU32>,
    /// By class of failures: `retry`, `hold`, `give_up`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub on: BTreeMap<&'static str, &'static str>,
}

/// A connection.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionForm {
    /// Identifies it.
    pub id: String,
    /// Whose events.
    pub source: String,
    /// Where they go.
    pub destination: String,
    /// Whether events pass.
    pub enabled: bool,
    /// Which events pass.
    #[serde(skip_serializing_if = "Filter::is_open")]
    #[schema(value_type = Option<FilterForm>)]
    pub filter: Filter,
    /// What users must have consented to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentForm>,
    /// Changes with every edit: what `If-Match` names. Read only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = true)]
    pub version: Option<u64>,
    /// `file` where a workspace file decides, and nothing can be edited here. Read only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<&'static str>,
}

/// Which events pass; all of them where nothing is said.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference how a filter is written")]
pub struct FilterForm {
    /// Only events of these types.
    types: Option<Vec<String>>,
    /// Names of `track` events.
    events: Option<EventNamesForm>,
    /// What an event must look like.
    condition: Option<String>,
    /// Only the events of so many users in a hundred.
    sample: Option<u8>,
}

/// Names of `track` events.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference how a filter is written")]
pub struct EventNamesForm {
    /// Only these.
    allow: Option<Vec<String>>,
    /// None of these.
    deny: Option<Vec<String>>,
}

/// What users must have consented to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentForm {
    /// By provider.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consent_management: Vec<ConsentRow>,
    /// Categories of OneTrust, in the older form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub one_trust_cookie_categories: Vec<OneTrustRow>,
    /// Purposes of Ketch, in the older form.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ketch_consent_purposes: Vec<KetchRow>,
    /// What becomes of an event whose consent cannot be read: `open` or `closed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail: Option<&'static str>,
}

/// What is asked for where one provider manages consent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsentRow {
    /// `oneTrust`, `ketch`, `iubenda`, `custom`.
    pub provider: String,
    /// What has to be consented to.
    pub consents: Vec<ConsentId>,
    /// `and` or `or`.
    pub resolution_strategy: &'static str,
}

/// Something that has to be consented to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct ConsentId {
    /// Its id.
    pub consent: String,
}

/// A category of OneTrust.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OneTrustRow {
    /// Its id.
    pub one_trust_cookie_category: String,
}

/// A purpose of Ketch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct KetchRow {
    /// Its id.
    pub purpose: String,
}

impl From<&Source> for SourceForm {
    fn from(source: &Source) -> Self {
        let Source { id, name, write_keys, enabled, allowed_origins, rate_limit } = source;
        let further = |WriteKey { key, valid_until }: &WriteKey| FurtherKey {
            key: key.clone(),
            valid_until: valid_until.map(shown),
        };
        let own = OwnSource {
            write_keys: write_keys.iter().skip(1).map(further).collect(),
            allowed_origins: allowed_origins.iter().map(|one| one.as_str().to_owned()).collect(),
            rate_limit: rate_limit.map(|RateLimit { events_per_second, burst }| RateLimitForm {
                events_per_second: events_per_second.get(),
                burst: burst.get(),
            }),
        };
        Self {
            id: id.to_string(),
            name: name.clone(),
            enabled: *enabled,
            write_key: write_keys.first().map(|key| key.key.clone()).unwrap_or_default(),
            postrider: said(own),
            version: None,
            managed_by: None,
        }
    }
}

impl From<&Destination> for DestinationForm {
    fn from(destination: &Destination) -> Self {
        let DestinationSettings::Webhook(settings) = &destination.settings;
        let WebhookSettings { url, method, headers, dynamic, get_extras, signing, tls } = settings;
        let hosts = match dynamic {
            Dynamic::Hosts(hosts) => hosts.iter().map(|host| host.as_str().to_owned()).collect(),
            _ => Vec::new(),
        };
        let own = OwnDestination {
            dynamic: (*dynamic != Dynamic::default()).then(|| dynamic.as_str()),
            hosts,
            get_extras: get_extras.iter().map(|extra| extra.as_str()).collect(),
            signing: signing.as_deref().map(SigningForm::from),
            tls: tls.as_deref().map(TlsForm::from),
            delivery: said(DeliveryForm::from(&destination.delivery)),
        };
        Self {
            id: destination.id.to_string(),
            name: destination.name.clone(),
            enabled: destination.enabled,
            kind: "WEBHOOK",
            config: WebhookConfig {
                webhook_url: url.text().to_owned(),
                webhook_method: method.text().to_owned(),
                headers: headers.iter().map(HeaderRow::from).collect(),
            },
            postrider: said(own),
            version: None,
            managed_by: None,
        }
    }
}

impl From<&HeaderSetting> for HeaderRow {
    fn from(header: &HeaderSetting) -> Self {
        let HeaderSetting { name, value } = header;
        Self { from: name.text().to_owned(), to: mark(Kind::Header, value.text()) }
    }
}

impl From<&Signing> for SigningForm {
    fn from(signing: &Signing) -> Self {
        let keys = signing.keys.iter().map(|key| SigningKeyForm {
            secret: mark(Kind::SigningKey, &String::from(key.secret.clone())),
            valid_until: key.valid_until.map(shown),
        });
        let ed25519 = signing.ed25519.clone();
        let ed25519 = ed25519.map(|key| mark(Kind::PrivateKey, &String::from(key)));
        Self { keys: keys.collect(), ed25519 }
    }
}

impl From<&TlsSettings> for TlsForm {
    fn from(tls: &TlsSettings) -> Self {
        let identity = tls.identity.as_ref();
        Self {
            ca: tls.ca.clone(),
            certificate: identity.map(|own| own.certificate.clone()),
            key: identity.map(|own| mark(Kind::ClientKey, own.key.reveal())),
        }
    }
}

impl From<&OwnDelivery> for DeliveryForm {
    fn from(own: &OwnDelivery) -> Self {
        let OwnDelivery { paused, auto_replay, order, retry, bounds } = own;
        let OwnBounds { concurrency, rate, stop_after_ms } = *bounds;
        Self {
            paused: *paused,
            auto_replay: *auto_replay,
            order: order.map(Order::word),
            concurrency,
            rate,
            stop_after: stop_after_ms.map(span),
            retry: said(RetryForm::from(retry)),
        }
    }
}

impl From<&OwnPolicy> for RetryForm {
    fn from(own: &OwnPolicy) -> Self {
        let words = |(class, treatment): (&Class, &Treatment)| (class.word(), treatment.word());
        Self {
            preset: own.preset.map(Preset::word),
            min_backoff: own.backoff_min_ms.map(span),
            max_backoff: own.backoff_max_ms.map(span),
            max_age: own.age_max_ms.map(span),
            max_attempts: own.attempts_max,
            on: own.on.iter().map(words).collect(),
        }
    }
}

impl From<&Connection> for ConnectionForm {
    fn from(connection: &Connection) -> Self {
        let Connection { id, source, destination, enabled, since: _, filter, consent } = connection;
        Self {
            id: id.to_string(),
            source: source.to_string(),
            destination: destination.to_string(),
            enabled: *enabled,
            filter: filter.clone(),
            consent: (!consent.is_default()).then(|| ConsentForm::from(consent)),
            version: None,
            managed_by: None,
        }
    }
}

impl From<&Consent> for ConsentForm {
    fn from(consent: &Consent) -> Self {
        let Consent { rules, one_trust_categories, ketch_purposes, fail } = consent;
        let id = |consent: &String| ConsentId { consent: consent.clone() };
        let rows = rules.iter().map(|rule| ConsentRow {
            provider: rule.provider.clone(),
            consents: rule.consents.iter().map(id).collect(),
            resolution_strategy: match rule.resolution {
                Resolution::And => "and",
                Resolution::Or => "or",
            },
        });
        let one_trust = one_trust_categories.iter().cloned();
        let ketch = ketch_purposes.iter().cloned();
        Self {
            consent_management: rows.collect(),
            one_trust_cookie_categories: one_trust
                .map(|one_trust_cookie_category| OneTrustRow { one_trust_cookie_category })
                .collect(),
            ketch_consent_purposes: ketch.map(|purpose| KetchRow { purpose }).collect(),
            fail: (*fail == Fail::Closed).then_some("closed"),
        }
    }
}

/// What is not as it is by itself.
fn said<T: Default + PartialEq>(own: T) -> Option<T> {
    (own != T::default()).then_some(own)
}

fn shown(time: Timestamp) -> String {
    time.to_string()
}

fn span(millis: u64) -> String {
    show_duration(Duration::from_millis(millis))
}
