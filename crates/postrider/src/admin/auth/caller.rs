//! Callers: who asks, what they may do, and what is written down of what they did.

use std::net::IpAddr;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use domain::account::{Digest, Role};
use storage::{Author, Deed, DeedClass};

use crate::admin::problem::Problem;
use crate::admin::routes::Right;
use crate::clock;

/// Who asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// The name of a user, or what stands for one, as the audit log has it.
    pub name: String,
    /// What the caller may do.
    pub role: Role,
    /// How the caller came in.
    pub way: Way,
    /// From where.
    pub address: IpAddr,
}

/// How somebody came in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Way {
    /// With a session that has this digest.
    Session(Digest),
    /// With a token.
    Token,
    /// With the file `admin.cookie`.
    CookieFile,
    /// By being there.
    Off,
}

impl Way {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::Token => "token",
            Self::CookieFile => "cookie_file",
            Self::Off => "off",
        }
    }
}

impl Caller {
    /// Whether the caller may do what needs this right.
    pub fn may(&self, right: Right) -> bool {
        right.least().is_none_or(|least| self.role >= least)
    }

    /// The caller as an author, at this moment.
    pub fn author(&self) -> Author {
        Author { at: clock::now(), by: self.name.clone(), address: Some(self.address) }
    }

    /// What the caller does now, to be noted; add before and after where there is something to tell.
    pub fn deed(&self, class: DeedClass, action: &str, kind: &str, object: &str) -> Deed {
        self.author().does(class, action, kind, object)
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    /// The caller of a route that is not open to everybody.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::login_needed)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = std::convert::Infallible;

    /// The caller of any route, where there is one.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
