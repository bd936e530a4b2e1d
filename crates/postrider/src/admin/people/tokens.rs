//! `/api/v1/tokens`: what programs come in with.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use domain::account::{Digest, Token};
use domain::limits;
use domain::time::Timestamp;
use http::StatusCode;
use serde::Serialize;
use storage::{AccountEdit, Deed, DeedClass, RollFault};
use utoipa::ToSchema;

use super::body::Members;
use super::refused;
use crate::admin::Needs;
use crate::admin::asked::Path;
use crate::admin::auth::{Caller, new_secret};
use crate::admin::problem::Problem;
use crate::clock;

/// How every token begins, so that scanners of code find one that was published.
const PREFIX: &str = "pr_";

/// Characters of a token's id. Source: chosen; 72 bits.
const ID_LENGTH: usize = 12;

/// A token, without what its holder sends.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenView {
    id: String,
    name: String,
    /// `viewer`, `payload_viewer`, `editor` or `admin`.
    role: &'static str,
    made_by: String,
    made_at: String,
    /// From when on it is worth nothing; null for never.
    expires_at: Option<String>,
    /// When it was used last, to the minute; null where it never was.
    used_at: Option<String>,
}

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenList {
    /// Newest first.
    tokens: Vec<TokenView>,
}

/// A token as it is made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewToken {
    #[serde(flatten)]
    view: TokenView,
    /// What its holder sends as `Authorization: Bearer …`; told this once.
    token: String,
}

/// A token to be made.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct TokenBody {
    /// What people call it: 1 to 64 characters.
    name: String,
    /// `viewer`, `payload_viewer`, `editor` or `admin`.
    role: String,
    /// From when on it is worth nothing: a time with its zone; never where it is missing.
    expires_at: Option<String>,
}

impl From<&Token> for TokenView {
    fn from(token: &Token) -> Self {
        let shown = |at: Timestamp| at.to_string();
        Self {
            id: token.id.clone(),
            name: token.name.clone(),
            role: token.role.as_str(),
            made_by: token.made_by.clone(),
            made_at: shown(token.made_at),
            expires_at: token.expires_at.map(shown),
            used_at: token.seen_at.map(shown),
        }
    }
}

/// Lists tokens, also those that have expired.
#[utoipa::path(
    get,
    path = "/api/v1/tokens",
    tag = "People",
    responses((status = 200, description = "Newest first", body = TokenList))
)]
pub async fn list(State(needs): State<Arc<Needs>>) -> Json<TokenList> {
    let roll = needs.auth.roll();
    let mut tokens: Vec<&Token> = roll.tokens.values().collect();
    tokens.sort_by(|one, two| two.made_at.cmp(&one.made_at).then_with(|| one.id.cmp(&two.id)));
    Json(TokenList { tokens: tokens.into_iter().map(TokenView::from).collect() })
}

/// Makes a token, which is told this once.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    tag = "People",
    request_body = TokenBody,
    responses(
        (status = 201, description = "The token", body = NewToken),
        (status = 409, description = "There are too many tokens", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn make(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
    body: Bytes,
) -> Result<(StatusCode, Json<NewToken>), Problem> {
    let now = clock::now();
    let mut members = Members::read(&body, &["name", "role", "expires_at"])?;
    let (name, role) = (members.label(limits::USER_NAME_BYTES_MAX), members.role());
    let expires_at = members.later("expires_at", now);
    members.settle("bad_token")?;
    let secret = format!("{PREFIX}{}", new_secret());
    let token = Token {
        id: new_secret().chars().take(ID_LENGTH).collect(),
        name,
        role,
        digest: Digest::of(&secret),
        made_by: caller.name.clone(),
        made_at: now,
        expires_at,
        seen_at: None,
    };
    let deed = Deed {
        after: Some(told(&token)),
        ..caller.deed(DeedClass::Change, "create", "token", &token.id)
    };
    let view = TokenView::from(&token);
    needs.store.accounts.edit(AccountEdit::MakeToken(token), vec![deed]).await.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(NewToken { view, token: secret })))
}

/// Removes a token: it is worth nothing from now on.
#[utoipa::path(
    delete,
    path = "/api/v1/tokens/{id}",
    tag = "People",
    params(("id" = String, Path, description = "The token's id")),
    responses(
        (status = 204, description = "The token is gone"),
        (status = 404, description = "There is no such token", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn remove(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let roll = needs.auth.roll();
    let known = roll.tokens.values().find(|token| token.id == id).ok_or(RollFault::NoToken)?;
    let deed = Deed {
        before: Some(told(known)),
        ..caller.deed(DeedClass::Change, "remove", "token", &id)
    };
    needs.store.accounts.edit(AccountEdit::RemoveToken(id), vec![deed]).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the audit log has of a token.
fn told(token: &Token) -> String {
    let expires_at = token.expires_at.map(|at| at.to_string());
    let (name, role) = (&token.name, token.role.as_str());
    serde_json::json!({ "name": name, "role": role, "expires_at": expires_at }).to_string()
}
