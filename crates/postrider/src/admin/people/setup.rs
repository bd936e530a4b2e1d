//! `/api/v1/setup`: the first admin, made by whoever has the link that the server told its log.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::account::{Role, User};
use serde::Serialize;
use storage::{AccountEdit, Author, Deed, DeedClass};
use utoipa::ToSchema;

use super::body::Members;
use super::{refused, sessions, users};
use crate::admin::Needs;
use crate::admin::auth::Whence;
use crate::admin::problem::Problem;
use crate::clock;

/// Whether there is something to set up.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetupStatus {
    /// Whether nobody can log in yet.
    needed: bool,
}

/// The first admin.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct SetupBody {
    /// What is behind the `#` of the link that the server told its log when it started.
    code: String,
    /// The name of the first admin.
    name: String,
    /// The password of the first admin.
    password: String,
}

/// Says whether nobody can log in yet.
#[utoipa::path(
    get,
    path = "/api/v1/setup",
    tag = "People",
    responses((status = 200, description = "Whether there is something to set up", body = SetupStatus))
)]
pub async fn show(State(needs): State<Arc<Needs>>) -> Json<SetupStatus> {
    Json(SetupStatus { needed: needs.auth.needs_setup() })
}

/// Makes the first admin, who is logged in with the answer.
#[utoipa::path(
    post,
    path = "/api/v1/setup",
    tag = "People",
    request_body = SetupBody,
    responses(
        (status = 200, description = "Who has come in", body = super::me::Me),
        (status = 403, description = "The code is not the one of this start", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There is a user already", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn make(
    State(needs): State<Arc<Needs>>,
    Whence(address): Whence,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let mut members = Members::read(&body, &["code", "name", "password"])?;
    let code = members.text("code");
    if !needs.auth.needs_setup() {
        return Err(Problem::new(409, "set_up_already", "there is a user already"));
    }
    if !needs.auth.setup.is(&code) {
        let detail = "this is not the code of the link that the server told when it started last";
        return Err(Problem::new(403, "wrong_code", detail));
    }
    let name = members.new_name();
    let password = members.new_password(&name);
    members.settle("bad_user")?;
    let password = needs.auth.hasher.hash(password).await?;
    let author = Author { at: clock::now(), by: name.clone(), address: Some(address) };
    let user = User { name, role: Role::Admin, password, made_at: author.at };
    let deed = Deed {
        after: Some(users::told(Role::Admin)),
        ..author.does(DeedClass::Change, "set_up", "user", &user.name)
    };
    needs
        .store
        .accounts
        .edit(AccountEdit::Found(user.clone()), vec![deed])
        .await
        .map_err(refused)?;
    sessions::come_in(&needs, &user, address, &headers).await
}
