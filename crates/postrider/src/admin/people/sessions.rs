//! `/api/v1/session`: logging in and out.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::response::{AppendHeaders, IntoResponse, Response};
use domain::account::{Digest, Session, User};
use domain::limits;
use http::StatusCode;
use storage::{AccountEdit, DeedClass};
use utoipa::ToSchema;

use super::body::Members;
use super::me::Me;
use super::refused;
use crate::address::Site;
use crate::admin::Needs;
use crate::admin::auth::cookie_jar::{self, Wire};
use crate::admin::auth::{Caller, Knock, Way, Whence, new_secret, origin};
use crate::admin::problem::Problem;

/// What somebody logs in with.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct LoginBody {
    /// The user's name.
    name: String,
    /// The user's password.
    password: String,
}

/// Logs in: the answer sets the cookie of a new session.
#[utoipa::path(
    post,
    path = "/api/v1/session",
    tag = "People",
    request_body = LoginBody,
    responses(
        (status = 200, description = "Who has come in", body = Me),
        (status = 401, description = "Name or password is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries; Retry-After says how long to wait", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn begin(
    State(needs): State<Arc<Needs>>,
    Whence(address): Whence,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let mut members = Members::read(&body, &["name", "password"])?;
    let (name, password) = (members.text("name"), members.text("password"));
    members.settle("bad_login")?;
    let user = prove(&needs, &name, password, address).await?;
    come_in(&needs, &user, address, &headers).await
}

/// Logs out: the session is over, wherever its cookie is.
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    tag = "People",
    responses((status = 204, description = "Nobody is logged in here any more"))
)]
pub async fn end(
    State(needs): State<Arc<Needs>>,
    caller: Option<Caller>,
) -> Result<Response, Problem> {
    if let Some(caller) = caller
        && let Way::Session(digest) = caller.way
    {
        let deed = caller.deed(DeedClass::Access, "log_out", "user", &caller.name);
        needs.store.accounts.edit(AccountEdit::End(digest), vec![deed]).await.map_err(refused)?;
    }
    let taken = [Wire::Plain, Wire::Tls].map(|wire| (SET_COOKIE, cookie_jar::taken(wire)));
    Ok((StatusCode::NO_CONTENT, AppendHeaders(taken)).into_response())
}

/// The user whose password this is.
///
/// # Errors
/// Where it is not, or where too many were tried.
///
/// # Cancellation
/// The try counts.
pub async fn prove(
    needs: &Needs,
    name: &str,
    password: String,
    address: IpAddr,
) -> Result<User, Problem> {
    let knock = Knock { site: Site::of(address), name };
    needs.auth.knocks.count(knock).map_err(|wait| {
        let detail = "too many tries to log in; wait a little";
        Problem::new(429, "too_many_logins", detail).after(wait)
    })?;
    let user = needs.auth.roll().user(name).cloned();
    let known = user.as_ref().map(|user| user.password.clone());
    if needs.auth.hasher.is_right(password, known).await?
        && let Some(user) = user
    {
        needs.auth.knocks.forgive(knock);
        return Ok(user);
    }
    // What was typed as a name may be a password, so only names of users are written down.
    let name = user.map_or_else(|| "of nobody".to_owned(), |user| user.name);
    tracing::warn!(%address, name, "a login failed");
    Err(Problem::new(401, "wrong_login", "the name or the password is wrong"))
}

/// Begins a session of a user who has proved to be one, and answers with its cookie.
///
/// # Errors
/// Where the store does not take it, or the user has another password by now.
pub async fn come_in(
    needs: &Needs,
    user: &User,
    address: IpAddr,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let secret = new_secret();
    let digest = Digest::of(&secret);
    let way = Way::Session(digest);
    let caller = Caller { name: user.name.clone(), role: user.role, way, address };
    let deed = caller.deed(DeedClass::Access, "log_in", "user", &user.name);
    let now = deed.author.at;
    let session = Session {
        digest,
        user: user.name.clone(),
        begun_at: now,
        seen_at: now,
        address: Some(address),
        user_agent: user_agent(headers),
    };
    let edit = AccountEdit::Begin { session, password: user.password.clone() };
    needs.store.accounts.edit(edit, vec![deed]).await.map_err(refused)?;
    let cookie = [(SET_COOKIE, cookie_jar::given(&secret, origin::wire(headers)))];
    Ok((cookie, Json(Me::from(&caller))).into_response())
}

/// What a browser calls itself, as far as it is text.
fn user_agent(headers: &HeaderMap) -> String {
    let text = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.chars().take(limits::USER_AGENT_BYTES_MAX).collect()
}
