//! Sealing: the secrets of destinations as they lie on disk.
//!
//! In comes the body of an object as JSON; out goes the same with each secret sealed, or opened again.
//! A sealed secret is an object in the place of a text, so that the two are never taken for each other.
//! It is bound to its destination and its place there: moved elsewhere in the file, it does not open.
//! Bodies from before there were seals have texts, and are sealed when the store is opened.
//!
//! The key is given, or lies beside the databases in a file that backups do not have. Which key a secret
//! was sealed with is written in it, so that a wrong one is told from damage.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use serde_json::{Value, json};

use super::directory;
use crate::error::{OpenError, SealError};

/// Bytes of a key. Source: the cipher.
const KEY_BYTES: usize = 32;
/// Bytes of a nonce: as many as may be drawn by chance. Source: the cipher.
const NONCE_BYTES: usize = 24;
/// The member that a sealed secret has.
const MEMBER: &str = "sealed";

/// The key that secrets are sealed with. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; KEY_BYTES]);

impl SecretKey {
    /// Reads a key: 32 bytes as base64, or as hexadecimal digits.
    ///
    /// # Errors
    /// What is wrong with it, without a word of it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        let bytes = match text.len() {
            64 => hexadecimal(text),
            _ => STANDARD.decode(text).ok(),
        };
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("is no key: that is 32 random bytes, as base64 or hexadecimal digits")
    }

    fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; KEY_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

/// Reads the key of a file.
///
/// # Errors
/// Where there is none in it.
pub fn read_key(path: &Path) -> Result<SecretKey, OpenError> {
    let io = |source| OpenError::Io { operation: "read", path: path.to_owned(), source };
    let mut text = String::new();
    // A key is short; a device would never end.
    File::open(path).map_err(io)?.take(1_024).read_to_string(&mut text).map_err(io)?;
    SecretKey::parse(&text).map_err(|reason| {
        OpenError::Secrets(SealError::BadKeyFile { path: path.to_owned(), reason })
    })
}

/// The key beside the databases; one is made where there is none and nothing is sealed yet.
///
/// # Errors
/// Where it cannot be read or made, or is missing.
pub fn key_beside(path: &Path, is_sealed: bool) -> Result<SecretKey, OpenError> {
    let io = |source| OpenError::Io { operation: "create", path: path.to_owned(), source };
    match read_key(path) {
        Err(OpenError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
        read => return read,
    }
    if is_sealed {
        return Err(OpenError::Secrets(SealError::NoKey { path: path.to_owned() }));
    }
    let key = SecretKey::random().map_err(|error| io(std::io::Error::other(error)))?;
    // It is there whole or not at all, also where the power fails.
    let new = path.with_extension("key.new");
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&new);
    let mut file = file.map_err(io)?;
    file.write_all(format!("{}\n", STANDARD.encode(key.0)).as_bytes()).map_err(io)?;
    file.sync_all().map_err(io)?;
    std::fs::rename(&new, path).map_err(io)?;
    // What is sealed with a key must not outlive it.
    directory::sync_dir(directory::parent_of(path))?;
    Ok(key)
}

/// Seals and opens secrets with one key.
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    key_id: String,
}

impl Sealer {
    /// A sealer with this key.
    pub fn new(key: &SecretKey) -> Self {
        let cipher = XChaCha20Poly1305::new(&key.0.into());
        let payload = Payload { msg: b"", aad: b"the id of a key" };
        let tag = cipher.encrypt(&XNonce::from([0xff; NONCE_BYTES]), payload).unwrap_or_default();
        let key_id = tag.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Self { cipher, key_id }
    }

    /// Seals every secret of a body that is not sealed; whether there was one.
    ///
    /// # Errors
    /// Where the machine gives no random bytes.
    pub fn seal(&self, body: &mut Value) -> Result<bool, SealError> {
        let mut is_changed = false;
        each_secret(body, |place, secret| {
            let Value::String(text) = secret else { return Ok(()) };
            let mut nonce = [0; NONCE_BYTES];
            getrandom::fill(&mut nonce).map_err(|_| SealError::NoRandomness)?;
            let payload = Payload { msg: text.as_bytes(), aad: place.as_bytes() };
            let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
            let sealed = sealed.map_err(|_| SealError::NoRandomness)?;
            let text = STANDARD.encode([&nonce[..], &sealed].concat());
            *secret = json!({ MEMBER: format!("{}.{text}", self.key_id) });
            is_changed = true;
            Ok(())
        })?;
        Ok(is_changed)
    }

    /// Opens every secret of a body.
    ///
    /// # Errors
    /// Where one was sealed with another key, or is damaged, or belongs elsewhere.
    pub fn open(&self, body: &mut Value) -> Result<(), SealError> {
        each_secret(body, |place, secret| {
            let Some(sealed) = secret.get(MEMBER).and_then(Value::as_str) else { return Ok(()) };
            let damaged = || SealError::Damaged { place: place.to_owned() };
            let (key, text) = sealed.split_once('.').ok_or_else(damaged)?;
            if key != self.key_id {
                let (wanted, given) = (key.to_owned(), self.key_id.clone());
                return Err(SealError::WrongKey { wanted, given });
            }
            let bytes = STANDARD.decode(text).map_err(|_| damaged())?;
            let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
            let payload = Payload { msg: sealed, aad: place.as_bytes() };
            let opened = self.cipher.decrypt(&XNonce::from(*nonce), payload);
            let opened = opened.map_err(|_| damaged())?;
            *secret = Value::String(String::from_utf8(opened).map_err(|_| damaged())?);
            Ok(())
        })
    }
}

/// Whether a body has a secret that is sealed.
pub fn is_sealed(body: &mut Value) -> bool {
    let mut found = false;
    let _ = each_secret(body, |_, secret| {
        found |= secret.is_object();
        Ok(())
    });
    found
}

/// Puts something in the place of each sealed secret, so that whoever has no key can read the rest.
pub fn blank(body: &mut Value) {
    // 32 bytes of nothing, as keys are written.
    const NOTHING: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let _ = each_secret(body, |place, secret| {
        if secret.is_object() {
            *secret = Value::String(match place.rsplit(' ').next() {
                Some("secret") => format!("whsec_{NOTHING}"),
                Some("ed25519") => format!("whsk_{NOTHING}"),
                _ => String::new(),
            });
        }
        Ok(())
    });
}

/// Visits every secret of a destination, or of one that was removed, with the name of its place. Empty
/// texts are none.
fn each_secret(
    body: &mut Value,
    mut visit: impl FnMut(&str, &mut Value) -> Result<(), SealError>,
) -> Result<(), SealError> {
    let destination = match body.get("destination") {
        Some(Value::Object(_)) => &mut body["destination"],
        _ => body,
    };
    let id = destination["id"].as_str().unwrap_or_default().to_owned();
    let Some(settings) = destination.get_mut("settings") else { return Ok(()) };
    let mut at = |place: &str, secret: Option<&mut Value>| match secret {
        Some(Value::String(text)) if text.is_empty() => Ok(()),
        Some(secret) if !secret.is_null() => visit(&format!("{id} {place}"), secret),
        _ => Ok(()),
    };
    for header in settings["headers"].as_array_mut().into_iter().flatten() {
        at("header", header.get_mut("value"))?;
    }
    if let Some(signing) = settings.get_mut("signing").filter(|own| own.is_object()) {
        for key in signing.get_mut("keys").and_then(Value::as_array_mut).into_iter().flatten() {
            at("secret", key.get_mut("secret"))?;
        }
        at("ed25519", signing.get_mut("ed25519"))?;
    }
    at("key", settings.pointer_mut("/tls/identity/key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&SecretKey([byte; KEY_BYTES]))
    }

    fn body() -> Value {
        json!({
            "id": "hooks", "name": "s3cret",
            "settings": {
                "type": "webhook", "url": "https://a.test",
                "headers": [{"name": "a", "value": "s3cret-1"}, {"name": "b", "value": ""}],
                "signing": {"keys": [{"secret": "s3cret-2"}], "ed25519": "s3cret-3"},
                "tls": {"identity": {"certificate": "c", "key": "s3cret-4"}},
            },
        })
    }

    #[test]
    fn what_is_sealed_is_hidden_and_opens_again() {
        for wanted in [body(), json!({"destination": body(), "connections": [], "at": 1})] {
            let mut sealed = wanted.clone();
            assert!(!is_sealed(&mut sealed));
            assert_eq!(sealer(1).seal(&mut sealed), Ok(true));
            let text = sealed.to_string();
            assert!(!text.contains("s3cret-") && is_sealed(&mut sealed), "{text}");
            let once = sealed.clone();
            assert_eq!(sealer(1).seal(&mut sealed), Ok(false), "sealed once");
            assert_eq!(sealed, once);
            sealer(1).open(&mut sealed).expect("the key is right");
            assert_eq!(sealed, wanted);
        }
        let mut source = json!({"id": "s", "write_keys": ["k"]});
        assert_eq!(sealer(1).seal(&mut source), Ok(false));
    }

    #[test]
    fn a_seal_opens_only_with_its_key_and_at_its_place() {
        let mut sealed = body();
        sealer(1).seal(&mut sealed).expect("sealed");
        let wrong = sealer(2).open(&mut sealed.clone()).expect_err("another key");
        assert!(matches!(wrong, SealError::WrongKey { .. }), "{wrong:?}");

        let mut moved = sealed.clone();
        moved["id"] = json!("other");
        let damaged = SealError::Damaged { place: "other header".to_owned() };
        assert_eq!(sealer(1).open(&mut moved), Err(damaged));

        let mut swapped = sealed.clone();
        swapped["settings"]["headers"][0]["value"] =
            sealed["settings"]["signing"]["ed25519"].clone();
        assert!(sealer(1).open(&mut swapped).is_err());
        for text in ["", ".", "x", &format!("{}.AAAA", sealer(1).key_id)] {
            let mut broken = sealed.clone();
            broken["settings"]["headers"][0]["value"] = json!({ MEMBER: text });
            assert!(sealer(1).open(&mut broken).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_are_base64_or_hexadecimal() {
        let bytes = [0xab; KEY_BYTES];
        let want = Ok(SecretKey(bytes));
        assert_eq!(SecretKey::parse(&format!("{}\n", STANDARD.encode(bytes))), want);
        assert_eq!(SecretKey::parse(&"ab".repeat(32)), want);
        for wrong in ["", "abc", &"xy".repeat(32), &STANDARD.encode([0; 31]), &"é".repeat(32)] {
            assert!(SecretKey::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(format!("{:?}", SecretKey(bytes)), "[secret]");
    }

    #[test]
    fn a_key_is_made_once_and_is_missed_where_something_is_sealed() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secrets.key");
        let missing = key_beside(&path, true).expect_err("no key");
        assert!(matches!(missing, OpenError::Secrets(SealError::NoKey { .. })), "{missing:?}");
        let made = key_beside(&path, false).expect("a key");
        assert_eq!(path.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
        assert_eq!(key_beside(&path, true).expect("the same"), made);
        std::fs::write(&path, "nonsense").expect("a file");
        let wrong = key_beside(&path, false).expect_err("no key");
        assert!(matches!(wrong, OpenError::Secrets(SealError::BadKeyFile { .. })), "{wrong:?}");
    }
}
