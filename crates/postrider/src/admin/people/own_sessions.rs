//! `/api/v1/sessions`: where a user is logged in, and ending that from afar.
//!
//! Everybody sees and ends their own. Those who come in without a session have none.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::account::Session;
use http::StatusCode;
use serde::Serialize;
use storage::{AccountEdit, DeedClass, Roll};
use utoipa::ToSchema;

use super::refused;
use crate::admin::Needs;
use crate::admin::asked::Path;
use crate::admin::auth::{Caller, Way};
use crate::admin::problem::Problem;
use crate::clock;

/// A browser in which the caller is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionView {
    /// By which it is ended.
    id: String,
    begun_at: String,
    /// When it was used last, to the minute.
    seen_at: String,
    /// From where it began; null where that was not noted.
    #[schema(value_type = Option<String>)]
    address: Option<IpAddr>,
    /// What the browser called itself; empty where it did not.
    user_agent: String,
    /// Whether it is the one that asks.
    is_this: bool,
}

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    /// Last used first.
    sessions: Vec<SessionView>,
}

impl SessionView {
    fn of(session: &Session, caller: &Caller) -> Self {
        Self {
            id: session.digest.beginning(),
            begun_at: session.begun_at.to_string(),
            seen_at: session.seen_at.to_string(),
            address: session.address,
            user_agent: session.user_agent.clone(),
            is_this: caller.way == Way::Session(session.digest),
        }
    }
}

/// Lists the sessions of whoever asks.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    tag = "People",
    responses((status = 200, description = "Last used first", body = SessionList))
)]
pub async fn list(State(needs): State<Arc<Needs>>, caller: Caller) -> Json<SessionList> {
    let roll = needs.auth.roll();
    let mut own: Vec<&Session> = own(&roll, &caller).collect();
    own.sort_by_key(|one| std::cmp::Reverse((one.seen_at, one.begun_at, one.digest)));
    let view = |one: &Session| SessionView::of(one, &caller);
    Json(SessionList { sessions: own.into_iter().map(view).collect() })
}

/// Ends one of the caller's sessions: that browser is logged out.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    tag = "People",
    params(("id" = String, Path, description = "The session's id")),
    responses(
        (status = 204, description = "Nobody is logged in there any more"),
        (status = 404, description = "The caller has no such session", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn end(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let roll = needs.auth.roll();
    let Some(session) = own(&roll, &caller).find(|one| one.digest.beginning() == id) else {
        return Err(Problem::new(404, "no_session", "you have no session with this id"));
    };
    edit(&needs, &caller, AccountEdit::End(session.digest)).await
}

/// Ends all of the caller's sessions but the one that asks.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions",
    tag = "People",
    responses((status = 204, description = "The caller is logged in nowhere else"))
)]
pub async fn end_others(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    let Way::Session(kept) = caller.way else { return Ok(StatusCode::NO_CONTENT) };
    edit(&needs, &caller, AccountEdit::EndOthers { user: caller.name.clone(), kept }).await
}

/// Those of the caller that go on. No token has the name of a user.
fn own<'r>(roll: &'r Roll, caller: &'r Caller) -> impl Iterator<Item = &'r Session> {
    let now = clock::now();
    roll.sessions.values().filter(move |one| one.user == caller.name && one.is_alive(now))
}

async fn edit(needs: &Needs, caller: &Caller, edit: AccountEdit) -> Result<StatusCode, Problem> {
    let deed = caller.deed(DeedClass::Access, "end_session", "user", &caller.name);
    needs.store.accounts.edit(edit, vec![deed]).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}
