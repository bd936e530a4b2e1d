//! Secrets as people write and read them: marks, references and literals.
//!
//! A secret that is shown is a mark, `sealed:…` and its last characters. Written back, a mark stands
//! for the secret that is stored. `env:NAME` and `file:PATH` name a place where a secret is, for whoever
//! reads a file. `text:` goes before a literal that begins with one of these words. No sentence holds
//! a word of a secret.

use std::collections::BTreeMap;
use std::path::Path;

use domain::destination::webhook::{Setting, WebhookSettings, is_veiled, veiled};
use domain::destination::{Destination, DestinationSettings};
use domain::secret;

use super::finding::Finding;
use super::node::Node;
use super::source::Reader;

/// What a mark begins with.
const MARK: &str = "sealed:";

/// What of a destination is secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The value of a header.
    Header,
    /// A shared secret that requests are signed with.
    SigningKey,
    /// A private key that requests are signed with.
    PrivateKey,
    /// The key of a client certificate.
    ClientKey,
    /// A URL, whose path or query may hold one; hidden only from those who may not set it.
    Url,
}

/// A secret that is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Stored {
    kind: Kind,
    /// Which one of its kind: a header's name in lower case.
    name: String,
    value: String,
}

/// How secrets may be written where something is read.
#[derive(Default)]
pub struct Secrets {
    /// What becomes of references.
    pub references: References,
    /// What marks may stand for, by destination.
    pub known: BTreeMap<String, Vec<Stored>>,
    /// What marks of the destination at hand may stand for.
    stored: Vec<Stored>,
}

impl Secrets {
    /// Secrets of what came over the network; marks stand for those of these destinations.
    pub fn of_api<'d>(destinations: impl IntoIterator<Item = &'d Destination>) -> Self {
        let secrets = |one: &'d Destination| (one.id.to_string(), Stored::of(one));
        let known = destinations.into_iter().map(secrets).collect();
        Self { references: References::Refused, known, stored: Vec::new() }
    }

    /// From here on the destination with this id is read.
    pub fn turn_to(&mut self, id: &str) {
        self.stored = self.known.get(id).cloned().unwrap_or_default();
    }
}

/// What becomes of references.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum References {
    /// They are looked up here.
    #[default]
    LookedUp,
    /// They are mistakes: whoever wrote them meant another machine.
    Refused,
}

/// What stands in the place of a secret.
pub enum Said {
    /// The secret itself.
    Value(String),
    /// The mark of a stored one.
    Mark(String),
}

/// A secret that is being read.
pub struct Draft<'a> {
    /// Where it stands.
    pub node: Node<'a>,
    /// Which one of its kind.
    pub name: String,
    /// What stands there.
    pub said: Said,
}

/// What is shown of a secret.
pub fn mark(kind: Kind, secret: &str) -> String {
    if kind == Kind::Url {
        return Setting::<String>::parse(secret)
            .map_or_else(|_| veiled(secret), |url| url.veiled());
    }
    // The end of a key in PEM is the same for all of them.
    let shown = if kind == Kind::ClientKey { "" } else { secret::ending(secret) };
    if secret.is_empty() { String::new() } else { format!("{MARK}…{shown}") }
}

impl Stored {
    fn has(&self, kind: Kind, name: &str, wanted: &str) -> bool {
        self.name == name && self.is_marked(kind, wanted)
    }

    fn is_marked(&self, kind: Kind, wanted: &str) -> bool {
        self.kind == kind && mark(kind, &self.value) == wanted
    }

    /// The secrets of a destination.
    pub fn of(destination: &Destination) -> Vec<Self> {
        let DestinationSettings::Webhook(settings) = &destination.settings;
        let WebhookSettings { url, headers, signing, tls, .. } = settings;
        let stored = |kind, name: &str, value: String| Self { kind, name: name.to_owned(), value };
        let headers = headers.iter().map(|header| {
            let name = header_label(header.name.text());
            stored(Kind::Header, &name, header.value.text().to_owned())
        });
        let signing = signing.iter().flat_map(|signing| {
            let keys = signing.keys.iter();
            let keys = keys.map(|key| stored(Kind::SigningKey, "", key.secret.clone().into()));
            let own = signing.ed25519.iter();
            keys.chain(own.map(|key| stored(Kind::PrivateKey, "", key.clone().into())))
        });
        let identity = tls.iter().filter_map(|tls| tls.identity.as_ref());
        let keys = identity.map(|own| stored(Kind::ClientKey, "", own.key.reveal().to_owned()));
        let url = stored(Kind::Url, "", url.text().to_owned());
        headers.chain(signing).chain(keys).chain([url]).collect()
    }
}

/// What a header's secret is known by.
pub fn header_label(name: &str) -> String {
    name.to_ascii_lowercase()
}

impl Reader {
    /// What a text in the place of a secret says.
    pub(super) fn said(&mut self, node: &Node<'_>, text: String) -> Option<Said> {
        if let Some(literal) = text.strip_prefix("text:") {
            return Some(Said::Value(literal.to_owned()));
        }
        if text.starts_with(MARK) {
            return Some(Said::Mark(text));
        }
        let (name, path) = (text.strip_prefix("env:"), text.strip_prefix("file:"));
        if name.is_none() && path.is_none() {
            return Some(Said::Value(text));
        }
        let found = match self.secrets.references {
            References::Refused => Err(node.finding(REFUSED)),
            References::LookedUp => match (name, path) {
                (Some(name), _) => variable(node, name),
                (_, path) => self.of_file(node, path.unwrap_or_default()),
            },
        };
        self.keep(found).map(Said::Value)
    }

    fn of_file(&mut self, node: &Node<'_>, path: &str) -> Result<String, Finding> {
        let read = self.files.read(Path::new(path));
        let text = read.map_err(|why| node.finding(format!("names {path}, which {why}")))?;
        // An editor ends a file with a line break, which is no part of the secret.
        let text = text.strip_suffix('\n').unwrap_or(&text);
        Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
    }

    /// The URL that a text stands for, which may be the mark of the stored one; none and a mistake where
    /// it is another one's.
    pub(super) fn url_of(&mut self, node: &Node<'_>, text: String) -> Option<String> {
        if !Setting::<String>::parse(&text).is_ok_and(|url| is_veiled(url.base())) {
            return Some(text);
        }
        let stored = self.secrets.stored.iter().find(|one| one.is_marked(Kind::Url, &text));
        let url = stored.map(|stored| stored.value.clone());
        self.keep(url.ok_or_else(|| node.finding(UNKNOWN_URL)))
    }

    /// The secrets that drafts of one kind stand for; none and a mistake for each that is not known.
    pub(super) fn settle(&mut self, kind: Kind, drafts: &[Draft<'_>]) -> Vec<Option<String>> {
        let settled = |(index, draft): (usize, &Draft<'_>)| match &draft.said {
            Said::Value(value) => Some(value.clone()),
            Said::Mark(wanted) => self.secrets.find(kind, drafts, (index, wanted)),
        };
        let settled: Vec<_> = drafts.iter().enumerate().map(settled).collect();
        for (draft, _) in drafts.iter().zip(&settled).filter(|(_, value)| value.is_none()) {
            self.mistakes.push(draft.node.finding(UNKNOWN_MARK));
        }
        settled
    }
}

const REFUSED: &str = "refers to a place that only whoever reads a file can look up; \
     write the value itself, and text: before it if it begins so";
const UNKNOWN_MARK: &str = "is the mark of a secret, but it is not clear which stored one it stands for; \
     write the value itself, and text: before it if it begins so";

const UNKNOWN_URL: &str = "stands for a URL that is not shown to everybody, and not for the stored one; write the URL itself";

fn variable(node: &Node<'_>, name: &str) -> Result<String, Finding> {
    std::env::var(name).map_err(|why| {
        let why = match why {
            std::env::VarError::NotPresent => "is not set",
            std::env::VarError::NotUnicode(_) => "is not UTF-8",
        };
        node.finding(format!("names the variable {name}, which {why}"))
    })
}

impl Secrets {
    /// The stored secret that the mark of a draft stands for.
    ///
    /// It is the one of the same name. Where several of one name have one mark, they are told apart by
    /// their order, as long as all of them are still there. A name that is new takes the secret of one
    /// that is gone.
    fn find(
        &self,
        kind: Kind,
        drafts: &[Draft<'_>],
        (index, wanted): (usize, &str),
    ) -> Option<String> {
        let name = &drafts[index].name;
        let own = self.stored.iter().filter(|stored| stored.has(kind, name, wanted));
        let own: Vec<&str> = own.map(|stored| stored.value.as_str()).collect();
        if own.is_empty() {
            let is_gone = |stored: &&Stored| !drafts.iter().any(|one| one.name == stored.name);
            let gone = self.stored.iter().filter(|stored| stored.is_marked(kind, wanted));
            return only(gone.filter(is_gone).map(|stored| stored.value.as_str()));
        }
        let is_alike = |draft: &&Draft<'_>| {
            let has_mark = matches!(&draft.said, Said::Mark(mark) if mark == wanted);
            draft.name == *name && has_mark
        };
        let before = drafts[..index].iter().filter(is_alike).count();
        let all = drafts.iter().filter(is_alike).count();
        let same_place = own.get(before).filter(|_| all == own.len()).map(|value| (*value).into());
        only(own.into_iter()).or(same_place)
    }
}

/// The one value there is, however often.
fn only<'a>(mut values: impl Iterator<Item = &'a str>) -> Option<String> {
    let first = values.next()?;
    values.all(|value| value == first).then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_shows_the_last_characters_of_a_long_secret() {
        let check = |secret: &str, want: &str| assert_eq!(mark(Kind::Header, secret), want);
        check("", "");
        check("short", "sealed:…");
        check("elevenchars", "sealed:…");
        check("twelve-chars", "sealed:…hars");
        assert_eq!(mark(Kind::ClientKey, "-----END PRIVATE KEY-----\n"), "sealed:…");
        assert_eq!(mark(Kind::Url, "https://a.test/s3cret?x=1"), "https://a.test/…");
    }

    /// What each text comes to; none where it is not clear which stored secret it stands for.
    fn settled(stored: &[(&str, &str)], drafts: &[(&str, &str)]) -> Vec<Option<String>> {
        let mut reader = Reader::default();
        let of_header = |(name, value): &(&str, &str)| {
            let (name, value) = ((*name).to_owned(), (*value).to_owned());
            Stored { kind: Kind::Header, name, value }
        };
        reader.secrets.stored = stored.iter().map(of_header).collect();
        let node = Node::root("1");
        let mut draft = |(name, text): &(&str, &str)| {
            let said = reader.said(&node, (*text).to_owned()).expect("no reference");
            Draft { node: node.clone(), name: (*name).to_owned(), said }
        };
        let drafts: Vec<_> = drafts.iter().map(&mut draft).collect();
        let settled = reader.settle(Kind::Header, &drafts);
        assert_eq!(reader.mistakes.len(), settled.iter().filter(|one| one.is_none()).count());
        settled
    }

    #[track_caller]
    fn check(stored: &[(&str, &str)], drafts: &[(&str, &str)], want: &[Option<&str>]) {
        let want: Vec<_> = want.iter().map(|one| one.map(str::to_owned)).collect();
        assert_eq!(settled(stored, drafts), want, "{drafts:?}");
    }

    #[test]
    fn a_mark_stands_for_the_stored_secret_of_its_name() {
        const OLD: &[(&str, &str)] = &[("a", "secret-number-0001"), ("b", "s2"), ("c", "s3")];
        let marks = [("b", "sealed:…"), ("a", "sealed:…0001"), ("c", "new")];
        check(OLD, &marks, &[Some("s2"), Some("secret-number-0001"), Some("new")]);
        check(OLD, &[("a", "sealed:…0002"), ("a", "sealed:0001")], &[None, None]);
        check(OLD, &[("a", "text:sealed:…0001")], &[Some("sealed:…0001")]);
        check(&[], &[("a", "sealed:…")], &[None]);
    }

    #[test]
    fn the_mark_of_a_url_stands_for_the_stored_one() {
        let mut reader = Reader::default();
        let value = "https://a.test/s3cret".to_owned();
        reader.secrets.stored = vec![Stored { kind: Kind::Url, name: String::new(), value }];
        let node = Node::root("1");
        let mut of = |text: &str| reader.url_of(&node, text.to_owned());
        assert_eq!(of("https://a.test/…").as_deref(), Some("https://a.test/s3cret"));
        assert_eq!(of("https://b.test/x").as_deref(), Some("https://b.test/x"));
        for other in ["https://b.test/…", "…", r#"{{ event.x || "https://a.test/…" }}"#] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(reader.mistakes.len(), 3);
        assert!(reader.mistakes.iter().all(|one| one.reason == UNKNOWN_URL));
    }

    #[test]
    fn a_name_that_is_new_takes_the_secret_of_one_that_is_gone() {
        const OLD: &[(&str, &str)] = &[("a", "s1"), ("b", "s2")];
        check(OLD, &[("a", "sealed:…"), ("c", "sealed:…")], &[Some("s1"), Some("s2")]);
        check(OLD, &[("c", "sealed:…")], &[None]);
        check(&[("a", "s"), ("b", "s")], &[("c", "sealed:…")], &[Some("s")]);
    }

    #[test]
    fn secrets_of_one_name_and_mark_are_told_apart_only_while_all_are_there() {
        const OLD: &[(&str, &str)] = &[("a", "s1"), ("b", "x"), ("a", "s2")];
        check(OLD, &[("a", "sealed:…"), ("a", "sealed:…")], &[Some("s1"), Some("s2")]);
        check(OLD, &[("a", "sealed:…")], &[None]);
        check(&[("a", "s"), ("a", "s")], &[("a", "sealed:…")], &[Some("s")]);
    }

    #[test]
    fn references_are_looked_up_where_a_file_is_read_and_nowhere_else() {
        let node = Node::root("1");
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("token"), "from a file\n").expect("a file");
        let mut reader = Reader::default();
        reader.files.base = dir.path().to_owned();
        let mut said = |text: &str| match reader.said(&node, text.to_owned()) {
            Some(Said::Value(value)) => Ok(value),
            _ => Err(reader.mistakes.pop().expect("a mistake").reason),
        };
        assert_eq!(said("file:token"), Ok("from a file".to_owned()));
        assert_eq!(said("env:PATH"), std::env::var("PATH").map_err(|_| String::new()));
        assert_eq!(said("text:env:PATH"), Ok("env:PATH".to_owned()));
        let missing = said("env:POSTRIDER_THERE_IS_NO_SUCH_THING").expect_err("a mistake");
        assert!(missing.ends_with("which is not set"), "{missing}");
        assert!(said("file:none").expect_err("a mistake").starts_with("names none, which cannot"));
        assert_eq!(reader.files.named, ["token", "none"].map(|name| dir.path().join(name)));

        reader.secrets.references = References::Refused;
        for text in ["env:PATH", "file:token"] {
            assert!(reader.said(&node, text.to_owned()).is_none());
            assert_eq!(reader.mistakes.pop().expect("a mistake").reason, REFUSED);
        }
    }
}
