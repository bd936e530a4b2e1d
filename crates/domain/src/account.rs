//! Accounts: users, their sessions and tokens, and what each role may do.
//!
//! Of a secret only its digest is here: whoever reads what is stored can come in with none of it.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::time::Timestamp;

/// What somebody may do; each role may do what those before it may.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// See everything but payloads.
    Viewer,
    /// See payloads.
    PayloadViewer,
    /// Change what is sent where, and send again.
    Editor,
    /// Decide who may do what.
    Admin,
}

/// The SHA-256 of a secret that nobody can guess: a session's id, or a token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A password as argon2id has hashed it, with its salt and parameters (PHC string).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

/// Somebody who comes in with a name and a password.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct User {
    /// The name; see [`name_fault`].
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// What the password is compared with.
    pub password: PasswordHash,
    /// When it was made.
    pub made_at: Timestamp,
}

/// What a program comes in with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Token {
    /// By which it is listed and removed.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// What is shown of it once, and compared later.
    pub digest: Digest,
    /// Who made it.
    pub made_by: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// From when on it is worth nothing; none for never.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to [`limits::SEEN_STEP`].
    pub seen_at: Option<Timestamp>,
}

/// A user's stay in one browser.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Of what the browser holds.
    pub digest: Digest,
    /// Whose it is.
    pub user: String,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it was used last, to [`limits::SEEN_STEP`].
    pub seen_at: Timestamp,
    /// From where it began; none where that was not noted.
    #[serde(default)]
    pub address: Option<IpAddr>,
    /// What the browser called itself, cut at [`limits::USER_AGENT_BYTES_MAX`]; a stranger's text.
    #[serde(default)]
    pub user_agent: String,
}

impl Role {
    /// Every role, from the one that may least.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::PayloadViewer, Self::Editor, Self::Admin];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::PayloadViewer => "payload_viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }

    /// The role with this word; none where there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl Digest {
    /// The digest of a secret.
    pub fn of(secret: &str) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, secret.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Self(bytes)
    }

    /// Its first digits: enough to tell the sessions of one user apart.
    pub fn beginning(&self) -> String {
        self.0.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether two are the same, in a time that says nothing of where they differ.
    pub fn is(&self, other: &Self) -> bool {
        let differing = |all, (one, two): (&u8, u8)| all | (one ^ two);
        self.0.iter().zip(other.0).fold(0, differing) == 0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let byte = |index: usize| u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok();
        let mut bytes = [0; 32];
        for (index, place) in bytes.iter_mut().enumerate() {
            *place = byte(index).ok_or_else(|| serde::de::Error::custom("is no digest"))?;
        }
        Ok(Self(bytes))
    }
}

impl PasswordHash {
    /// A hash from its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

impl Token {
    /// Whether it is worth something.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether its use is worth noting, so long after the last one that was.
    pub fn is_seen_anew(&self, now: Timestamp) -> bool {
        self.seen_at.is_none_or(|seen| seen.plus(limits::SEEN_STEP) <= now)
    }
}

impl Session {
    /// Whether it goes on.
    pub fn is_alive(&self, now: Timestamp) -> bool {
        let within = |from: Timestamp, span: Duration| now < from.plus(span);
        within(self.begun_at, limits::SESSION_TIME_MAX)
            && within(self.seen_at, limits::SESSION_IDLE_MAX)
    }

    /// Whether its use is worth noting, so long after the last one that was.
    pub fn is_seen_anew(&self, now: Timestamp) -> bool {
        self.seen_at.plus(limits::SEEN_STEP) <= now
    }
}

/// Names that stand for something else in the audit log.
const RESERVED: [&str; 5] = ["local", "server", "file", "nobody", "admin-token"];

/// What is wrong with a user's name, as in "the name …"; none where it is right.
pub fn name_fault(name: &str) -> Option<&'static str> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-@+".contains(letter);
    if name.is_empty() || name.len() > limits::USER_NAME_BYTES_MAX {
        Some("must have 1 to 64 characters")
    } else if !name.chars().all(is_plain) {
        Some("may have letters from A to Z, digits, and . _ - @ +")
    } else if RESERVED.iter().any(|word| word.eq_ignore_ascii_case(name)) {
        Some("stands for something else in the audit log; take another one")
    } else {
        None
    }
}

/// Passwords that are long enough, and that are tried first. Source: chosen.
const COMMON: [&str; 23] = [
    "123456789012",
    "1234567890123",
    "12345678901234",
    "123456789101112",
    "1234567890qwerty",
    "123qweasdzxc",
    "1q2w3e4r5t6y",
    "1q2w3e4r5t6y7u",
    "1qaz2wsx3edc",
    "1qaz2wsx3edc4rfv",
    "administrator",
    "adminadminadmin",
    "changemechangeme",
    "correcthorsebatterystaple",
    "iloveyouiloveyou",
    "letmeinletmein",
    "passwordpassword",
    "password1234",
    "password12345",
    "password123456",
    "qwertyuiop123",
    "qwertyuiop[]",
    "qwerty123456",
];

/// What is wrong with a user's new password, as in "the password …"; none where it will do.
pub fn password_fault(name: &str, password: &str) -> Option<&'static str> {
    let small = password.to_lowercase();
    let mut letters: Vec<char> = small.chars().collect();
    let length = letters.len();
    letters.sort_unstable();
    letters.dedup();
    if length < limits::PASSWORD_CHARACTERS_MIN {
        Some("must have at least 12 characters; a few words do")
    } else if password.len() > limits::PASSWORD_BYTES_MAX {
        Some("must have at most 256 bytes")
    } else if letters.len() < limits::PASSWORD_DIFFERENT_MIN {
        Some("repeats too few characters")
    } else if COMMON.contains(&small.as_str()) {
        Some("is one that everybody tries")
    } else if !name.is_empty() && small.replace(&name.to_lowercase(), "").chars().count() < 8 {
        Some("is little more than the name")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_by_what_they_may() {
        assert!(Role::ALL.is_sorted());
        for role in Role::ALL {
            assert_eq!(Role::from_name(role.as_str()), Some(role));
            let word = serde_json::to_string(&role).unwrap();
            assert_eq!(word, format!("\"{}\"", role.as_str()));
        }
        assert_eq!(Role::from_name("owner"), None);
    }

    #[test]
    fn digests_come_back_and_are_shown_to_nobody() {
        let digest = Digest::of("abc");
        assert!(digest.is(&Digest::of("abc")) && !digest.is(&Digest::of("abd")));
        let text = serde_json::to_string(&digest).unwrap();
        assert!(text.starts_with("\"ba7816bf8f01cfea"), "FIPS 180-4, B.1: {text}");
        assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), digest);
        assert_eq!(
            format!("{digest:?} {:?}", PasswordHash::new("x")),
            "Digest(..) PasswordHash(..)"
        );
        for wrong in ["\"\"", "\"ba\"", "\"zz7816bf\"", "7"] {
            assert!(serde_json::from_str::<Digest>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_session_ends_after_silence_and_after_a_week() {
        let hours = |count: i64| Timestamp(count * 3_600_000);
        let session = |begun: i64, seen: i64| Session {
            digest: Digest::of("x"),
            user: "anna".to_owned(),
            begun_at: hours(begun),
            seen_at: hours(seen),
            address: None,
            user_agent: String::new(),
        };
        assert!(session(0, 0).is_alive(hours(11)));
        assert!(!session(0, 0).is_alive(hours(12)), "silent for twelve hours");
        assert!(session(0, 160).is_alive(hours(167)));
        assert!(!session(0, 167).is_alive(hours(168)), "a week is over");
        assert!(!session(0, 0).is_seen_anew(Timestamp(59_999)));
        assert!(session(0, 0).is_seen_anew(Timestamp(60_000)));
    }

    #[test]
    fn a_session_of_before_addresses_were_noted_is_read() {
        let digest = Digest::of("x");
        let old = format!(r#"{{"digest":"{digest}","user":"anna","begun_at":1,"seen_at":2}}"#);
        let session: Session = serde_json::from_str(&old).unwrap();
        assert_eq!((session.address, session.user_agent.as_str()), (None, ""));
        assert!(digest.to_string().starts_with(&digest.beginning()));
        assert_eq!(digest.beginning().len(), 16);
    }

    #[test]
    fn a_token_is_worth_nothing_from_its_end_on() {
        let token = |expires_at| Token {
            id: "t".to_owned(),
            name: "deploy".to_owned(),
            role: Role::Editor,
            digest: Digest::of("x"),
            made_by: "anna".to_owned(),
            made_at: Timestamp(0),
            expires_at,
            seen_at: None,
        };
        assert!(token(None).is_alive(Timestamp(i64::MAX)));
        assert!(token(Some(Timestamp(5))).is_alive(Timestamp(4)));
        assert!(!token(Some(Timestamp(5))).is_alive(Timestamp(5)));
    }

    #[test]
    fn names_are_plain_and_passwords_are_no_guesses() {
        for right in ["anna", "a", "anna.b@acme.test", "A-1_+"] {
            assert_eq!(name_fault(right), None, "{right}");
        }
        let long = "a".repeat(65);
        for wrong in ["", " ", "an na", "anna\n", "änna", "token:x", "a/b", "Local", &long] {
            assert!(name_fault(wrong).is_some(), "{wrong:?}");
        }
        let long = "ab3".repeat(86);
        let wrong = [
            "short",
            "elevenchars",
            "aaaaaaaaaaaaaaaa",
            "abababababab",
            "PasswordPassword",
            "annabellaannabella",
            "annabella1234",
            &long,
        ];
        for wrong in wrong {
            assert!(password_fault("annabella", wrong).is_some(), "{wrong}");
        }
        for right in ["blue cat on a roof", "ünïcödë ünïcödë 7", "x7#kQ!m2Lp9z"] {
            assert_eq!(password_fault("annabella", right), None, "{right}");
        }
    }
}
