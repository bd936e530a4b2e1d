//! The member `tls` of a destination: whom its connections trust, and who they are.
//!
//! Certificates and keys stand in the file itself or in files next to it. Both are looked at here,
//! so that what is saved can be used. No sentence holds a word of a key.

use std::io::Read;
use std::path::{Path, PathBuf};

use domain::destination::webhook::{ClientIdentity, SecretPem, TlsSettings};
use domain::limits;

use super::finding::Finding;
use super::node::{Node, Object};
use super::secrets::{Draft, Kind, References, Said};
use super::source::Reader;
use crate::certificate::{self, PemError};
use rustls::pki_types::PrivateKeyDer;

/// The members of `tls`.
pub const MEMBERS: &[&str] = &["ca", "certificate", "key"];

/// Files that the workspace file names.
#[derive(Default)]
pub struct Files {
    /// The directory that paths begin at.
    pub base: PathBuf,
    /// Those named until now, whether or not they can be read.
    pub named: Vec<PathBuf>,
}

impl Reader {
    /// Reads what TLS takes from a destination; what has a mistake is left out.
    pub(super) fn tls(&mut self, node: &Node<'_>) -> TlsSettings {
        let Some(own) = self.keep(node.object()) else { return TlsSettings::default() };
        self.mistakes.extend(own.unknown(MEMBERS));
        let ca = self.pem(&own, "ca", certificate::roots).map(|(text, _)| text);
        let certificate = self.pem(&own, "certificate", certificate::chain);
        let key = self.client_key(&own);
        for (one, other) in [("certificate", "key"), ("key", "certificate")] {
            if own.get(one).is_some() && own.get(other).is_none() {
                self.mistakes.push(own.missing(other));
            }
        }
        let identity = certificate.zip(key).map(|((certificate, chain), (text, key))| {
            if let Err(error) = certificate::pair(chain, key) {
                let reason = format!("has a key that does not go with its certificate: {error}");
                self.mistakes.push(node.finding(reason));
            }
            ClientIdentity { certificate, key: SecretPem::new(text) }
        });
        TlsSettings { ca, identity }
    }

    /// The text of a member, and what it holds.
    fn pem<T>(
        &mut self,
        own: &Object<'_>,
        name: &str,
        of: fn(&[u8]) -> Result<T, PemError>,
    ) -> Option<(String, T)> {
        let node = own.get(name)?;
        let text = self.text(node)?;
        self.held(node, text, of)
    }

    /// The member `key`, which is secret.
    fn client_key(&mut self, own: &Object<'_>) -> Option<(String, PrivateKeyDer<'static>)> {
        let node = own.get("key")?;
        let text = self.text(node)?;
        let said = match node.kind() {
            "an object" => Said::Value(text),
            _ => self.said(node, text)?,
        };
        let draft = Draft { node: node.clone(), name: String::new(), said };
        let text = self.settle(Kind::ClientKey, &[draft]).into_iter().flatten().next()?;
        self.held(node, text, certificate::key)
    }

    fn held<T>(
        &mut self,
        node: &Node<'_>,
        text: String,
        of: fn(&[u8]) -> Result<T, PemError>,
    ) -> Option<(String, T)> {
        let held = of(text.as_bytes()).map_err(|error| node.finding(error.to_string()));
        self.keep(held).map(|held| (text, held))
    }

    /// A text that stands here, or in a file that is named here.
    fn text(&mut self, node: &Node<'_>) -> Option<String> {
        if node.kind() != "an object" {
            return self.keep(node.string());
        }
        if self.secrets.references == References::Refused {
            let reason = "names a file, which only whoever reads a workspace file can look up; \
                          write its text";
            self.mistakes.push(node.finding(reason));
            return None;
        }
        let place = self.keep(node.object())?;
        self.mistakes.extend(place.unknown(&["file"]));
        let path = PathBuf::from(self.required(&place, "file")?);
        let read = self.files.read(&path);
        self.keep(read.map_err(|why| of_file(node, &path, &why)))
    }
}

fn of_file(node: &Node<'_>, path: &Path, why: &str) -> Finding {
    node.finding(format!("names {}, which {why}", path.display()))
}

impl Files {
    /// Reads a file whole, and notes that it was named.
    pub fn read(&mut self, path: &Path) -> Result<String, String> {
        let path = self.base.join(path);
        if !self.named.contains(&path) {
            self.named.push(path.clone());
        }
        let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
        let file = std::fs::File::open(path).map_err(unreadable)?;
        let mut text = String::new();
        let most = limits::PEM_BYTES_MAX;
        file.take(most + 1).read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > most { Err(format!("has more than {most} bytes")) } else { Ok(text) }
    }
}

#[cfg(test)]
mod tests {
    use domain::destination::DestinationSettings;
    use serde_json::{Value, json};
    use testkit::Certificate;

    use super::super::{Finding, WorkspaceFile, WorkspaceFileError, read};
    use super::*;

    /// A workspace file whose destination has this `tls`, next to `own.pem` and `own.key`.
    fn file(tls: &Value, own: &Certificate) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("workspace.json");
        let destination = json!({
            "id": "d", "destinationDefinition": { "name": "WEBHOOK" },
            "config": { "webhookUrl": "https://a.test" }, "postrider": { "tls": tls },
        });
        let source = json!({ "id": "s", "writeKey": "k", "destinations": [destination] });
        let text = json!({ "sources": [source] }).to_string();
        for (name, text) in
            [("workspace.json", &text), ("own.pem", &own.pem), ("own.key", &own.key_pem)]
        {
            std::fs::write(dir.path().join(name), text).expect("a file");
        }
        (dir, path)
    }

    fn settings(file: &WorkspaceFile) -> TlsSettings {
        let DestinationSettings::Webhook(settings) = &file.workspace.destinations[0].settings;
        *settings.tls.clone().expect("settings of TLS")
    }

    #[test]
    fn certificates_may_stand_in_the_file_or_next_to_it() {
        let own = Certificate::of_localhost();
        let here = json!({ "ca": own.pem, "certificate": own.pem, "key": own.key_pem });
        let (certificate, key) = (json!({ "file": "own.pem" }), json!({ "file": "own.key" }));
        let there = json!({ "ca": certificate, "certificate": certificate, "key": key });
        for (tls, count) in [(&here, 0), (&there, 2)] {
            let (dir, path) = file(tls, &own);
            let mut named = Vec::new();
            let got = settings(&read(&path, &mut named).expect("a file"));
            assert_eq!(got.ca.as_deref(), Some(own.pem.as_str()));
            let identity = got.identity.expect("an identity");
            assert_eq!(
                (identity.certificate, identity.key.reveal()),
                (own.pem.clone(), &*own.key_pem)
            );
            assert_eq!(named, ["own.pem", "own.key"].map(|one| dir.path().join(one))[..count]);
        }
        let (_dir, path) = file(&json!({}), &own);
        let got = settings(&read(&path, &mut Vec::new()).expect("a file"));
        assert_eq!(got, TlsSettings::default());
    }

    #[test]
    fn the_docs_show_what_can_be_set() {
        let own = Certificate::of_localhost();
        let pages = [
            include_str!("../../../../docs/guides/webhooks.md"),
            include_str!("../../../../docs/reference/webhook.md"),
        ];
        let blocks = pages.iter().flat_map(|page| page.split("```").skip(1).step_by(2));
        let shown: Vec<Value> = blocks
            .filter_map(|block| block.split_once("\"tls\": "))
            .filter_map(|(_, own)| serde_json::Deserializer::from_str(own).into_iter().next())
            .map(|own| own.expect("JSON"))
            .collect();
        assert_eq!(shown.len(), 3);
        for tls in shown {
            let (dir, path) = file(&tls, &own);
            std::fs::write(dir.path().join("our-ca.pem"), &own.pem).expect("a file");
            std::fs::write(dir.path().join("client.pem"), &own.pem).expect("a file");
            std::fs::write(dir.path().join("client.key"), &own.key_pem).expect("a file");
            let got = settings(&read(&path, &mut Vec::new()).expect("the docs are right"));
            assert!(got.ca.is_some());
        }
    }

    #[track_caller]
    fn check(tls: Value, wanted: &[&str]) {
        let own = Certificate::of_localhost();
        let (dir, path) = file(&tls, &own);
        let shown = |finding: &Finding| {
            let base = dir.path().display().to_string() + "/";
            finding
                .to_string()
                .replace(&base, "")
                .replace("line 1: sources[0].destinations[0].", "")
        };
        let Err(WorkspaceFileError::Wrong { mistakes, .. }) = read(&path, &mut Vec::new()) else {
            panic!("{tls} has mistakes");
        };
        let shown: Vec<String> = mistakes.iter().map(shown).collect();
        assert_eq!(shown.len(), wanted.len(), "{shown:?}");
        for (shown, wanted) in shown.iter().zip(wanted) {
            assert!(shown.starts_with(&format!("postrider.tls{wanted}")), "{shown}");
            let secret = own.key_pem.lines().nth(1).expect("a line");
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        let [one, other] = [(); 2].map(|()| Certificate::of_localhost());
        check(json!([]), &[": is a list, but must be an object"]);
        check(
            json!({ "certficate": "x" }),
            &[".certficate: is not known here; did you mean certificate?"],
        );
        check(json!({ "ca": "x" }), &[".ca: holds no certificate"]);
        check(json!({ "ca": 7 }), &[".ca: is a number, but must be a string"]);
        check(json!({ "ca": { "file": "own.key" } }), &[".ca: holds no certificate"]);
        check(json!({ "ca": { "file": "no" } }), &[".ca: names no, which cannot be read: "]);
        check(
            json!({ "ca": { "path": "own.pem" } }),
            &[".ca.file: is missing", ".ca.path: is not"],
        );
        check(json!({ "certificate": one.pem }), &[".key: is missing"]);
        check(json!({ "key": one.key_pem }), &[".certificate: is missing"]);
        check(json!({ "certificate": one.pem, "key": one.pem }), &[".key: holds no private key"]);
        check(
            json!({ "certificate": one.pem, "key": other.key_pem }),
            &[": has a key that does not go with its certificate: "],
        );
    }
}
