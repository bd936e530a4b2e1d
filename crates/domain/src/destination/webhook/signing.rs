//! Signatures of requests, as Standard Webhooks has them: a receiver that knows the secret can tell
//! that a request is ours, whole, and new.
//!
//! In come keys, an event's id, the attempt and the body; out go four headers. Secrets are never
//! shown: not in `Debug`, nor in an error.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair};
use ring::{digest, hmac};
use serde::{Deserialize, Serialize};

use super::reading::{Reading, Role, text_of};
use crate::id::ReplayId;
use crate::time::Timestamp;
use crate::trace_context::TraceContext;

/// What a destination signs with; at least one of its keys never ends.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Signing {
    /// Secrets that the receiver has as well; several while one takes the place of another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<SigningKey>,
    /// A private key, whose public one every receiver may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ed25519: Option<PrivateKey>,
}

/// A shared secret, for ever or until a time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SigningKey {
    /// The secret.
    pub secret: SigningSecret,
    /// From when on nothing is signed with it any more; never where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
}

/// Bytes that only sender and receiver know: `whsec_` and base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SigningSecret(Vec<u8>);

/// A private key of Ed25519: `whsk_` and base64 of its seed, or of seed and public key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PrivateKey {
    seed: [u8; 32],
    public: [u8; 32],
}

/// Which attempt of a delivery a request is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AttemptStamp {
    /// From 1.
    pub number: u32,
    /// When it is made.
    pub at: Timestamp,
    /// What it is made for.
    pub occasion: Occasion,
    /// The span that the endpoint is told of; none where it is not traced, or not told.
    pub span: Option<TraceContext>,
}

/// What an attempt is made for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occasion {
    /// The delivery of an event that has come.
    Delivery,
    /// A replay.
    Replay(ReplayId),
    /// Somebody wants to see the answer.
    Test,
}

/// Bytes of a secret. Source: the Standard Webhooks specification.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Bytes of a `messageId` that is an id as it is. Source: chosen; what receivers keep in a column.
const ID_BYTES_MAX: usize = 255;

impl Signing {
    /// What is wrong with the keys together; none where they can sign for ever.
    pub(super) fn fault(&self) -> Option<String> {
        if self.ed25519.is_some() || self.keys.iter().any(|key| key.valid_until.is_none()) {
            return None;
        }
        Some(match self.keys.is_empty() {
            true => "has no key; give one in \"keys\", or \"ed25519\"".to_owned(),
            false => "has no key that stays: one must have no \"validUntil\"".to_owned(),
        })
    }
}

impl SigningSecret {
    /// Reads a secret.
    ///
    /// # Errors
    /// What is wrong with it, without a word of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let encoded = text.strip_prefix("whsec_").ok_or("does not begin with whsec_")?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NOT_BASE64)?;
        if SECRET_BYTES.contains(&bytes.len()) {
            return Ok(Self(bytes));
        }
        let (least, most) = SECRET_BYTES.into_inner();
        Err(format!("has {} bytes, but must have {least} to {most}", bytes.len()))
    }
}

const NOT_BASE64: &str = "is not base64 after its prefix";

impl PrivateKey {
    /// Reads a private key.
    ///
    /// # Errors
    /// What is wrong with it, without a word of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let encoded = text.strip_prefix("whsk_").ok_or("does not begin with whsk_")?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NOT_BASE64)?;
        let (seed, given) = match bytes.len() {
            32 => (bytes.as_slice(), None),
            64 => (&bytes[..32], Some(&bytes[32..])),
            count => {
                return Err(format!(
                    "has {count} bytes, but must have 32, or 64 with its public key"
                ));
            }
        };
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| "is no key")?;
        let public = pair.public_key().as_ref();
        if given.is_some_and(|given| given != public) {
            return Err("holds a public key that is not its own".to_owned());
        }
        let fixed = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).map_err(|_| "is no key");
        Ok(Self { seed: fixed(seed)?, public: fixed(public)? })
    }

    /// The public key: `whpk_` and base64.
    pub fn public_text(&self) -> String {
        format!("whpk_{}", STANDARD.encode(self.public))
    }

    /// The public key as a JSON Web Key has it. Source: RFC 8037.
    pub fn public_coordinate(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.public)
    }
}

/// Signs requests; made once from the settings.
pub(super) struct Signer {
    keys: Vec<(hmac::Key, Option<Timestamp>)>,
    pair: Option<Ed25519KeyPair>,
}

impl Signer {
    /// A signer with these keys.
    ///
    /// # Errors
    /// Where the private key is none.
    pub fn new(signing: &Signing) -> Result<Self, String> {
        let key =
            |key: &SigningKey| (hmac::Key::new(hmac::HMAC_SHA256, &key.secret.0), key.valid_until);
        let pair = |key: &PrivateKey| Ed25519KeyPair::from_seed_unchecked(&key.seed);
        let pair = signing.ed25519.as_ref().map(pair).transpose();
        let pair = pair.map_err(|_| "signing: ed25519 is no key")?;
        Ok(Self { keys: signing.keys.iter().map(key).collect(), pair })
    }

    /// The signatures of a request, one for each key that has not ended.
    pub fn signatures(&self, id: &str, stamp: AttemptStamp, body: &[u8]) -> String {
        let head = format!("{id}.{}.", seconds(stamp));
        let mut all: Vec<String> = self
            .keys
            .iter()
            .filter(|(_, end)| end.is_none_or(|end| stamp.at < end))
            .map(|(key, _)| {
                let mut context = hmac::Context::with_key(key);
                context.update(head.as_bytes());
                context.update(body);
                format!("v1,{}", STANDARD.encode(context.sign()))
            })
            .collect();
        if let Some(pair) = &self.pair {
            let whole = [head.as_bytes(), body].concat();
            all.push(format!("v1a,{}", STANDARD.encode(pair.sign(&whole))));
        }
        all.join(" ")
    }
}

/// The time of an attempt in seconds, as it is signed.
pub(super) fn seconds(stamp: AttemptStamp) -> i64 {
    stamp.at.0.div_euclid(1_000)
}

/// The id under which a receiver knows an event: the same at each attempt and each destination. The
/// `messageId`, unless it cannot stand in a header or in what is signed; then a hash of it.
pub(super) fn webhook_id(reading: &Reading<'_>, payload: &[u8]) -> String {
    let id = reading.given(Role::MessageId).map(text_of);
    let own = id.as_deref().map_or(payload, str::as_bytes);
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'.';
    match id {
        Some(id) if (1..=ID_BYTES_MAX).contains(&id.len()) && own.iter().all(is_plain) => {
            id.into_owned()
        }
        _ => {
            let hash = digest::digest(&digest::SHA256, own);
            let hex = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
            format!("sha256-{}", hex.collect::<String>())
        }
    }
}

impl TryFrom<String> for SigningSecret {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<SigningSecret> for String {
    fn from(secret: SigningSecret) -> Self {
        format!("whsec_{}", STANDARD.encode(secret.0))
    }
}

impl TryFrom<String> for PrivateKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<PrivateKey> for String {
    fn from(key: PrivateKey) -> Self {
        format!("whsk_{}", STANDARD.encode([key.seed, key.public].concat()))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    /// From the examples of the specification's own libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn stamp(seconds: i64) -> AttemptStamp {
        AttemptStamp {
            number: 1,
            at: Timestamp(seconds * 1_000 + 999),
            occasion: Occasion::Delivery,
            span: None,
        }
    }

    fn signing(ends: &[Option<i64>]) -> Signing {
        let key = |end: &Option<i64>| SigningKey {
            secret: SigningSecret::parse(SECRET).unwrap(),
            valid_until: end.map(|seconds| Timestamp(seconds * 1_000)),
        };
        Signing { keys: ends.iter().map(key).collect(), ed25519: None }
    }

    #[test]
    fn a_signature_is_the_one_of_the_published_example() {
        let signer = Signer::new(&signing(&[None])).unwrap();
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let got = signer.signatures(id, stamp(1_614_265_330), br#"{"test": 2432232314}"#);
        assert_eq!(got, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_key_that_has_not_ended_signs() {
        let signer = Signer::new(&signing(&[Some(100), None, Some(101)])).unwrap();
        let count = |seconds| signer.signatures("m", stamp(seconds), b"").split(' ').count();
        assert_eq!([98, 99, 100, 101].map(count), [3, 3, 2, 1], "an end is over when it comes");
    }

    #[test]
    fn a_private_key_signs_for_its_public_one() {
        let text = format!("whsk_{}", STANDARD.encode([7; 32]));
        let key = PrivateKey::parse(&text).unwrap();
        let signing = Signing { ed25519: Some(key.clone()), ..signing(&[None]) };
        let signatures = Signer::new(&signing).unwrap().signatures("m", stamp(1), b"body");
        let (shared, own) = signatures.split_once(' ').unwrap();
        assert!(shared.starts_with("v1,"), "{signatures}");
        let signature = STANDARD.decode(own.strip_prefix("v1a,").unwrap()).unwrap();
        let public = STANDARD.decode(key.public_text().strip_prefix("whpk_").unwrap()).unwrap();
        let public = UnparsedPublicKey::new(&ED25519, public);
        public.verify(b"m.1.body", &signature).unwrap();
        assert!(public.verify(b"m.1.bodY", &signature).is_err());
        assert_eq!(URL_SAFE_NO_PAD.decode(key.public_coordinate()).unwrap(), key.public);
    }

    #[test]
    fn keys_come_back_as_they_were_written() {
        let text = format!("whsk_{}", STANDARD.encode([7; 32]));
        let ed25519 = Some(PrivateKey::parse(&text).unwrap());
        let signing = Signing { ed25519, ..signing(&[Some(5), None]) };
        let text = serde_json::to_string(&signing).unwrap();
        assert_eq!(serde_json::from_str::<Signing>(&text).unwrap(), signing);
    }

    #[test]
    fn what_is_no_key_is_told_without_a_word_of_it() {
        let secret = |text: &str, want: &str| {
            assert_eq!(SigningSecret::parse(text).unwrap_err(), want, "{text}");
        };
        let encoded =
            |prefix: &str, count: usize| format!("{prefix}{}", STANDARD.encode(vec![1; count]));
        secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "does not begin with whsec_");
        secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", NOT_BASE64);
        secret("whsec_*", NOT_BASE64);
        secret(&encoded("whsec_", 23), "has 23 bytes, but must have 24 to 64");
        secret(&encoded("whsec_", 65), "has 65 bytes, but must have 24 to 64");
        assert!(SigningSecret::parse(&encoded("whsec_", 24)).is_ok());
        assert!(SigningSecret::parse(&encoded("whsec_", 64)).is_ok());
        let private = |text: &str, want: &str| {
            assert_eq!(PrivateKey::parse(text).unwrap_err(), want, "{text}");
        };
        private(&encoded("whpk_", 32), "does not begin with whsk_");
        private("whsk_!", NOT_BASE64);
        private(&encoded("whsk_", 33), "has 33 bytes, but must have 32, or 64 with its public key");
        private(&encoded("whsk_", 64), "holds a public key that is not its own");
    }

    #[test]
    fn secrets_are_not_shown() {
        let text = format!("whsk_{}", STANDARD.encode([7; 32]));
        let ed25519 = Some(PrivateKey::parse(&text).unwrap());
        let shown = format!("{:?}", Signing { ed25519, ..signing(&[None]) });
        let parts = ["MfKQ9r8", "BwcHBw", "7, 7", "49, 242"];
        assert!(parts.iter().all(|part| !shown.contains(part)), "{shown}");
    }

    #[test]
    fn an_id_is_the_message_id_where_that_can_be_one() {
        let check = |id: &str, want: &str| {
            let event = format!(r#"{{"messageId":{id}}}"#);
            let got = webhook_id(&Reading::of(event.as_bytes()), event.as_bytes());
            assert_eq!(got, want, "{id}");
        };
        let longest = "x".repeat(255);
        check("\"3b241101-e2bb-4255-8caf-4136c566a962\"", "3b241101-e2bb-4255-8caf-4136c566a962");
        check(&format!("\"{longest}\""), &longest);
        check("42", "42");
        // As `printf a.b | sha256sum` says.
        check("\"a.b\"", "sha256-2e7336dc8eba87ef472df568c35482abf2575dc3e5eac0c5c62b8ffaeac2c934");
        let got = |event: &str| webhook_id(&Reading::of(event.as_bytes()), event.as_bytes());
        for odd in ["a b", "é", "a\\u0000", &"x".repeat(256), ""] {
            let event = format!(r#"{{"messageId":"{odd}"}}"#);
            assert!(got(&event).starts_with("sha256-"), "{odd}");
            assert_eq!(got(&event), got(&event.replace('}', r#","sentAt":1}"#)), "{odd}");
        }
        assert!(got("{}").starts_with("sha256-"));
        assert_ne!(got("{}"), got("{ }"));
    }
}
