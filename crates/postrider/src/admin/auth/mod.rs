//! Who asks: the credentials of a request become a caller, or nobody.
//!
//! In come heads of requests and what is known of users, sessions and tokens; out go [`Caller`]s, and
//! refusals of those who may not do what they ask for. Three kinds of secrets are taken, all of them
//! random: a session's, which browsers hold as a cookie; a token, which programs send; and the one in
//! the file `admin.cookie`, by which commands of the same machine come in. Passwords are only taken
//! where a session begins ([`Doorman`]). Deliberately unknown here: what is asked for.
//!
//! # What it is up against
//! - *Another site's page, or another port's on this machine*: a browser says of each request where it
//!   comes from, and one that changes something must come from our own pages (`origin`). Cookies alone
//!   do not say it, as all ports of a host share them.
//! - *Guessing*: failed logins are counted by name, by address and by both; whoever guesses cannot keep
//!   the owner of a name out, who comes from elsewhere (`knocks`). Unknown names take as long as known
//!   ones.
//! - *Reading the store or a backup*: only digests are in it, and a copy has no sessions.
//! - *Taking over a session that an attacker began*: a login always begins a new one.

mod caller;
pub mod cookie_jar;
mod gate;
mod hasher;
mod knocks;
mod looks;
pub mod origin;
mod setup_code;

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use domain::account::{Digest, Role, Session, Token};
use domain::time::Timestamp;
use ipnet::IpNet;
use storage::{AccountEdit, Accounts, Roll, Store};
use tokio::sync::watch;

use crate::clock;
use crate::config::{AdminAuth, Secret};
pub use caller::{Caller, Way};
pub use gate::{Peer, Rule, Whence, admit};
pub use hasher::{Hasher, hash_now};
pub use knocks::{Knock, Knocks};
use looks::Looks;
pub use setup_code::SetupCode;

/// What decides who somebody is.
pub struct Auth {
    mode: AdminAuth,
    accounts: Arc<dyn Accounts>,
    roll: watch::Receiver<Arc<Roll>>,
    /// Of the token that the environment gives.
    admin_token: Option<Digest>,
    /// Of what the file `admin.cookie` holds.
    cookie_file: Option<Digest>,
    /// Proxies whose word about the caller's address counts.
    pub trusted_proxies: Vec<IpNet>,
    /// The code of the set-up link.
    pub setup: SetupCode,
    /// What passwords are hashed with.
    pub hasher: Hasher,
    /// Who has tried to come in.
    pub knocks: Knocks,
    /// Who has looked at what.
    pub looks: Looks,
}

/// The secrets of a server, besides those in the store.
#[derive(Default)]
pub struct ServerSecrets<'a> {
    /// The token that the environment gives.
    pub admin_token: Option<&'a Secret>,
    /// What the file `admin.cookie` holds.
    pub cookie_file: Option<&'a Secret>,
}

/// Who a credential stands for.
struct Known {
    name: String,
    role: Role,
    way: Way,
    /// Whose use is to be noted.
    seen: Option<Digest>,
}

impl Auth {
    /// Knows whom the store knows, and the holders of these secrets.
    pub fn new(mode: AdminAuth, store: &Store, secrets: &ServerSecrets<'_>) -> Self {
        let digest = |secret: Option<&Secret>| secret.map(|secret| Digest::of(secret.reveal()));
        let roll = store.accounts.watch();
        let is_new = mode == AdminAuth::Required && roll.borrow().users.is_empty();
        Self {
            mode,
            accounts: store.accounts.clone(),
            roll,
            admin_token: digest(secrets.admin_token),
            cookie_file: digest(secrets.cookie_file),
            trusted_proxies: Vec::new(),
            setup: if is_new { SetupCode::new() } else { SetupCode::default() },
            hasher: Hasher::default(),
            knocks: Knocks::default(),
            looks: Looks::default(),
        }
    }

    /// Whether nobody can log in yet.
    pub fn needs_setup(&self) -> bool {
        self.mode == AdminAuth::Required && self.roll.borrow().users.is_empty()
    }

    /// Everybody who may come in, at this moment.
    pub fn roll(&self) -> Arc<Roll> {
        self.roll.borrow().clone()
    }

    /// Who sends these headers; none where the credentials are worth nothing, or there are none.
    pub fn caller(&self, headers: &HeaderMap, address: std::net::IpAddr) -> Option<Caller> {
        let now = clock::now();
        let known = self.known(headers, now)?;
        if let Some(digest) = known.seen {
            // Whether it is noted makes no difference to whoever asks.
            drop(self.accounts.edit(AccountEdit::See(digest, now), Vec::new()));
        }
        let Known { name, role, way, .. } = known;
        Some(Caller { name, role, way, address })
    }

    /// Whether a caller may still do what it might: sessions and tokens may have ended meanwhile, and
    /// users have got another role.
    pub fn is_still(&self, caller: &Caller, headers: &HeaderMap) -> bool {
        let known = self.known(headers, clock::now());
        known.is_some_and(|known| known.name == caller.name && known.role >= caller.role)
    }

    /// A receiver that is woken whenever somebody comes, goes or changes.
    pub fn changes(&self) -> watch::Receiver<Arc<Roll>> {
        self.roll.clone()
    }

    fn known(&self, headers: &HeaderMap, now: Timestamp) -> Option<Known> {
        if self.mode == AdminAuth::Off {
            return Some(Known::local(Way::Off));
        }
        // Whoever sends a token means it: a cookie beside it does not make up for a wrong one.
        match headers.get(AUTHORIZATION) {
            Some(value) => {
                let (scheme, secret) = value.to_str().ok()?.split_once(' ')?;
                let is_bearer = scheme.eq_ignore_ascii_case("bearer");
                is_bearer.then(|| self.of_token(secret.trim(), now)).flatten()
            }
            None => self.of_session(&cookie_jar::session(headers)?, now),
        }
    }

    fn of_token(&self, secret: &str, now: Timestamp) -> Option<Known> {
        let digest = Digest::of(secret);
        let is = |own: Option<Digest>| own.is_some_and(|own| own.is(&digest));
        if is(self.cookie_file) {
            return Some(Known::local(Way::CookieFile));
        }
        if is(self.admin_token) {
            let (name, way) = ("admin-token".to_owned(), Way::Token);
            return Some(Known { name, role: Role::Admin, way, seen: None });
        }
        let roll = self.roll.borrow();
        let token: &Token = roll.tokens.get(&digest).filter(|token| token.is_alive(now))?;
        Some(Known {
            name: format!("token:{}", token.name),
            role: token.role,
            way: Way::Token,
            seen: token.is_seen_anew(now).then_some(digest),
        })
    }

    fn of_session(&self, secret: &str, now: Timestamp) -> Option<Known> {
        let digest = Digest::of(secret);
        let roll = self.roll.borrow();
        let session: &Session = roll.sessions.get(&digest).filter(|one| one.is_alive(now))?;
        let user = roll.users.get(&session.user)?;
        Some(Known {
            name: user.name.clone(),
            role: user.role,
            way: Way::Session(digest),
            seen: session.is_seen_anew(now).then_some(digest),
        })
    }
}

impl Known {
    /// Whoever is on this machine.
    fn local(way: Way) -> Self {
        Self { name: "local".to_owned(), role: Role::Admin, way, seen: None }
    }
}

/// A secret that nobody can guess: 43 characters, 256 bits.
pub fn new_secret() -> String {
    use base64::Engine as _;
    let bytes = [clock::random_bytes(), clock::random_bytes()].concat();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
