//! `/api/v1/users`: who may log in, and as what.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::account::{Role, User};
use http::StatusCode;
use serde::Serialize;
use storage::{AccountEdit, Deed, DeedClass, Roll, RollFault};
use utoipa::ToSchema;

use super::body::Members;
use super::{refused, sessions};
use crate::admin::Needs;
use crate::admin::asked::Path;
use crate::admin::auth::{Caller, Way};
use crate::admin::problem::Problem;
use crate::admin::routes::Right;
use crate::clock;

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    name: String,
    /// `viewer`, `payload_viewer`, `editor` or `admin`.
    role: &'static str,
    made_at: String,
    /// In how many browsers the user is logged in.
    sessions: usize,
    /// When one of them was used last; null where the user is logged in nowhere.
    seen_at: Option<String>,
}

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserList {
    /// By name.
    users: Vec<UserView>,
}

/// A user to be made.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct UserBody {
    /// 1 to 64 letters from A to Z, digits, and `.` `_` `-` `@` `+`.
    name: String,
    /// `viewer`, `payload_viewer`, `editor` or `admin`.
    role: String,
    /// 12 characters or more.
    password: String,
}

/// What may be changed of a user.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct RoleBody {
    /// `viewer`, `payload_viewer`, `editor` or `admin`.
    role: String,
}

/// A new password.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct PasswordBody {
    /// 12 characters or more.
    password: String,
    /// The password until now, which a user must know to change it.
    current: Option<String>,
}

impl UserView {
    fn of(user: &User, roll: &Roll) -> Self {
        let now = clock::now();
        let own = roll.sessions.values().filter(|one| one.user == user.name && one.is_alive(now));
        let seen: Vec<_> = own.map(|one| one.seen_at).collect();
        Self {
            name: user.name.clone(),
            role: user.role.as_str(),
            made_at: user.made_at.to_string(),
            sessions: seen.len(),
            seen_at: seen.into_iter().max().map(|at| at.to_string()),
        }
    }
}

/// Lists users.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    tag = "People",
    responses((status = 200, description = "By name", body = UserList))
)]
pub async fn list(State(needs): State<Arc<Needs>>) -> Json<UserList> {
    let roll = needs.auth.roll();
    Json(UserList { users: roll.users.values().map(|user| UserView::of(user, &roll)).collect() })
}

/// Shows a user.
#[utoipa::path(
    get,
    path = "/api/v1/users/{name}",
    tag = "People",
    params(("name" = String, Path, description = "The user's name")),
    responses(
        (status = 200, description = "The user", body = UserView),
        (status = 404, description = "There is no such user", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(needs): State<Arc<Needs>>,
    Path(name): Path<String>,
) -> Result<Json<UserView>, Problem> {
    view(&needs.auth.roll(), &name)
}

/// Makes a user.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    tag = "People",
    request_body = UserBody,
    responses(
        (status = 201, description = "The user", body = UserView),
        (status = 409, description = "The name is taken, or there are too many users", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn make(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
    body: Bytes,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let mut members = Members::read(&body, &["name", "role", "password"])?;
    let (name, role) = (members.new_name(), members.role());
    let password = members.new_password(&name);
    members.settle("bad_user")?;
    let password = needs.auth.hasher.hash(password).await?;
    let user = User { name: name.clone(), role, password, made_at: clock::now() };
    let deed = caller.deed(DeedClass::Change, "create", "user", &name);
    let deed = Deed { after: Some(told(role)), ..deed };
    // Whoever may make users is an admin, or sits at the machine: the first one may be made so, too.
    let edit = match needs.auth.roll().users.is_empty() {
        true => AccountEdit::Found(user),
        false => AccountEdit::Make(user),
    };
    let roll = needs.store.accounts.edit(edit, vec![deed]).await.map_err(refused)?;
    Ok((StatusCode::CREATED, view(&roll, &name)?))
}

/// Gives a user another role, from the next request on.
#[utoipa::path(
    put,
    path = "/api/v1/users/{name}",
    tag = "People",
    params(("name" = String, Path, description = "The user's name")),
    request_body = RoleBody,
    responses(
        (status = 200, description = "The user", body = UserView),
        (status = 404, description = "There is no such user", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "This is the last admin", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn change(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<UserView>, Problem> {
    let mut members = Members::read(&body, &["role"])?;
    let role = members.role();
    members.settle("bad_user")?;
    let known = needs.auth.roll().user(&name).cloned().ok_or(RollFault::NoUser)?;
    let deed = Deed {
        before: Some(told(known.role)),
        after: Some(told(role)),
        ..caller.deed(DeedClass::Change, "change", "user", &known.name)
    };
    let edit = AccountEdit::TurnRole { name: known.name, role };
    let roll = needs.store.accounts.edit(edit, vec![deed]).await.map_err(refused)?;
    view(&roll, &name)
}

/// Removes a user, who is logged out everywhere. Tokens that the user has made stay.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{name}",
    tag = "People",
    params(("name" = String, Path, description = "The user's name")),
    responses(
        (status = 204, description = "The user is gone"),
        (status = 404, description = "There is no such user", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "This is the last admin", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn remove(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let known = needs.auth.roll().user(&name).cloned().ok_or(RollFault::NoUser)?;
    let deed = Deed {
        before: Some(told(known.role)),
        ..caller.deed(DeedClass::Change, "remove", "user", &known.name)
    };
    needs
        .store
        .accounts
        .edit(AccountEdit::Remove(known.name), vec![deed])
        .await
        .map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a user another password, which ends the user's sessions. Users change their own, and must know
/// the one until now; an admin changes everybody's. Who changes their own in a session gets a new one.
#[utoipa::path(
    post,
    path = "/api/v1/users/{name}/password",
    tag = "People",
    params(("name" = String, Path, description = "The user's name")),
    request_body = PasswordBody,
    responses(
        (status = 200, description = "Who has come in anew", body = super::me::Me),
        (status = 204, description = "The user has another password"),
        (status = 401, description = "The password until now is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such user", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many tries; Retry-After says how long to wait", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn change_password(
    State(needs): State<Arc<Needs>>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let is_own = matches!(caller.way, Way::Session(_)) && caller.name.eq_ignore_ascii_case(&name);
    if !is_own && !caller.may(Right::Admin) {
        return Err(Problem::not_allowed(caller.role, Right::Admin));
    }
    let mut members = Members::read(&body, &["password", "current"])?;
    let password = members.new_password(&name);
    let current = match is_own {
        true => members.text("current"),
        false => members.optional_text("current").unwrap_or_default(),
    };
    members.settle("bad_user")?;
    let known = needs.auth.roll().user(&name).cloned().ok_or(RollFault::NoUser)?;
    if is_own {
        sessions::prove(&needs, &known.name, current, caller.address).await?;
    }
    let password = needs.auth.hasher.hash(password).await?;
    let deed = caller.deed(DeedClass::Change, "change_password", "user", &known.name);
    let edit = AccountEdit::TurnPassword { name: known.name.clone(), password };
    let roll = needs.store.accounts.edit(edit, vec![deed]).await.map_err(refused)?;
    match roll.user(&name).filter(|_| is_own) {
        Some(user) => sessions::come_in(&needs, user, caller.address, &headers).await,
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

fn view(roll: &Roll, name: &str) -> Result<Json<UserView>, Problem> {
    let user = roll.user(name).ok_or(RollFault::NoUser)?;
    Ok(Json(UserView::of(user, roll)))
}

/// What the audit log has of a user.
pub fn told(role: Role) -> String {
    serde_json::json!({ "role": role.as_str() }).to_string()
}
