//! Secrets on disk: sealed whatever wrote them, and opened with their key only.

use std::path::Path;

use domain::destination::webhook::{
    ClientIdentity, HeaderSetting, PrivateKey, SecretPem, Signing, SigningKey, SigningSecret,
    TlsSettings, WebhookSettings,
};
use domain::destination::{Destination, DestinationSettings};
use domain::id::DestinationId;
use domain::time::Timestamp;
use domain::workspace::Removed;
use rusqlite::Connection;

use crate::catalog::{Edit, Object};
use crate::embedded::{Engine, Options, SecretKey, back_up, check, read_key, restore};
use crate::error::{OpenError, SealError};
use crate::{CatalogChange, Store, embedded};

/// What must not be seen on disk.
const SECRETS: [&str; 4] = [
    "planted-in-a-header",
    "cGxhbnRlZC1pbi1hLXNpZ25pbmcta2V5",
    "cGxhbnRlZC1hcy1hLXByaXZhdGUta2V5LW9mLW91cnM=",
    "planted-as-a-client-key",
];

/// A destination that has a secret wherever one can be.
fn destination(id: &str) -> Destination {
    let [header, signing, private, client] = SECRETS;
    let secret = SigningSecret::parse(&format!("whsec_{signing}")).unwrap();
    let keys = vec![SigningKey { secret, valid_until: None }];
    let ed25519 = PrivateKey::parse(&format!("whsk_{private}")).unwrap();
    let key = SecretPem::new(client);
    let identity = ClientIdentity { certificate: "c".to_owned(), key };
    let settings = WebhookSettings {
        headers: vec![HeaderSetting::new("x", header)],
        signing: Some(Box::new(Signing { keys, ed25519: Some(ed25519) })),
        tls: Some(Box::new(TlsSettings { ca: None, identity: Some(identity) })),
        ..WebhookSettings::posting_to("https://a.test")
    };
    Destination::new(DestinationId::new(id), id, DestinationSettings::Webhook(settings))
}

fn open(dir: &Path, secret_key: Option<SecretKey>) -> Result<(Store, Engine), OpenError> {
    embedded::open(dir, Options { secret_key, ..Options::default() })
}

/// Puts a destination and a removed one in the catalog of a directory.
fn fill(dir: &Path) {
    let (store, engine) = open(dir, None).unwrap();
    let at = Timestamp(1);
    let removed = Removed { destination: destination("gone"), connections: Vec::new(), at };
    let put = |object| CatalogChange { expected: 0, edit: Edit::Put(object) };
    let both = vec![put(Object::Destination(destination("here"))), put(Object::Removed(removed))];
    store.catalog.apply(both, Vec::new()).wait().unwrap();
    drop(store);
    engine.close().unwrap();
}

fn is_whole(dir: &Path) {
    let (store, engine) = open(dir, None).unwrap();
    let workspace = store.catalog.watch().borrow().workspace.clone();
    assert_eq!(workspace.destinations, [destination("here")]);
    assert_eq!(workspace.removed[0].destination, destination("gone"));
    drop(store);
    engine.close().unwrap();
}

#[track_caller]
fn nothing_is_seen(dir: &Path) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        // Of a private key its public one is written behind it, in the same base64.
        for secret in
            SECRETS.map(|secret| secret.trim_end_matches('=')).map(|one| &one[..one.len().min(40)])
        {
            let is_there = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!is_there, "{} has {secret}", path.display());
        }
    }
}

#[test]
fn secrets_are_sealed_on_disk_and_in_copies() {
    let dir = tempfile::tempdir().unwrap();
    let (data, copy) = (dir.path().join("data"), dir.path().join("copy"));
    fill(&data);
    nothing_is_seen(&data);
    is_whole(&data);
    back_up(&data, &copy).unwrap();
    nothing_is_seen(&copy);
    assert!(data.join("secrets.key").exists() && !copy.join("secrets.key").exists());
    let restored = dir.path().join("restored");
    restore(&copy, &restored).unwrap();
    let missing = open(&restored, None).map(drop).unwrap_err();
    assert!(matches!(missing, OpenError::Secrets(SealError::NoKey { .. })), "{missing:?}");
    std::fs::copy(data.join("secrets.key"), restored.join("secrets.key")).unwrap();
    is_whole(&restored);
}

#[test]
fn what_an_older_version_wrote_in_clear_is_sealed_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let path = dir.path().join("catalog.db");
    let connection = Connection::open(&path).unwrap();
    let update = "UPDATE objects SET body = ?2 WHERE kind = ?1";
    let clear = serde_json::to_string(&destination("here")).unwrap();
    connection.execute(update, ("destination", clear)).unwrap();
    drop(connection);
    std::fs::remove_file(dir.path().join("secrets.key")).unwrap();
    Connection::open(&path)
        .unwrap()
        .execute("DELETE FROM objects WHERE kind = 'removed'", [])
        .unwrap();
    let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
    assert!(text.contains(SECRETS[0]), "it was in clear");

    let (store, engine) = open(dir.path(), None).unwrap();
    assert_eq!(store.catalog.watch().borrow().workspace.destinations, [destination("here")]);
    drop(store);
    engine.close().unwrap();
    nothing_is_seen(dir.path());
}

#[test]
fn another_key_opens_nothing_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    let other = SecretKey::parse(&"ab".repeat(32)).unwrap();
    let wrong = open(dir.path(), Some(other)).map(drop).unwrap_err();
    assert!(matches!(wrong, OpenError::Secrets(SealError::WrongKey { .. })), "{wrong:?}");
    let own = read_key(&dir.path().join("secrets.key")).unwrap();
    assert!(open(dir.path(), Some(own)).is_ok());
    is_whole(dir.path());
    let findings = check(dir.path()).unwrap();
    assert!(findings.is_whole(), "a check needs no key: {findings:?}");
}
