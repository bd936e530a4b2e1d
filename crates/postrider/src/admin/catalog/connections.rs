//! `/api/v1/connections`: which source's events go where, and which of them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::connection::Connection;
use domain::workspace::Workspace;
use serde::Serialize;
use storage::catalog::ObjectKind;
use utoipa::ToSchema;

use super::{Edited, Refusals, Shared};
use crate::admin::asked::Path;
use crate::admin::auth::Caller;
use crate::admin::body::Text;
use crate::admin::problem::Problem;
use crate::workspace_file::finding::Finding;
use crate::workspace_file::forms::{ConnectionForm, ConsentForm, FilterForm};
use crate::workspace_file::node::Node;
use crate::workspace_file::objects;
use crate::workspace_file::source::Made;

/// All connections.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionList {
    connections: Vec<ConnectionForm>,
}

/// A connection as a body has it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct ConnectionBody {
    /// The ids of source and destination where it is missing, with a dash between.
    id: Option<String>,
    /// Whose events.
    source: String,
    /// Where they go.
    destination: String,
    /// `true` where it is missing.
    enabled: Option<bool>,
    /// Which events pass.
    filter: Option<FilterForm>,
    /// What users must have consented to.
    consent: Option<ConsentForm>,
}

impl Edited for Connection {
    const KIND: ObjectKind = ObjectKind::Connection;
    const ABSENT: &'static str = "no_connection";
    const BAD: &'static str = "bad_connection";
    type Form = ConnectionForm;

    fn all(workspace: &Workspace) -> &Vec<Self> {
        &workspace.connections
    }

    fn all_mut(workspace: &mut Workspace) -> &mut Vec<Self> {
        &mut workspace.connections
    }

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn made(_: &Node<'_>, _: &Workspace) -> Made {
        // Its reader makes one of what it joins.
        Made::default()
    }

    fn kept(&self) -> Made {
        Made { id: Some(self.id.to_string()), write_key: None }
    }

    fn read(
        body: &Node<'_>,
        made: Made,
        _: Option<&Self>,
        others: &Workspace,
    ) -> Result<Self, Vec<Finding>> {
        objects::connection(body, made, others)
    }

    fn remove(workspace: &mut Workspace, id: &str) {
        workspace.connections.retain(|connection| connection.id.as_str() != id);
    }
}

/// Lists all connections.
#[utoipa::path(
    get,
    path = "/api/v1/connections",
    tag = "Connections",
    responses(
        (status = 200, description = "Sorted by id", body = ConnectionList),
    )
)]
pub async fn list(State(needs): Shared, caller: Caller) -> Json<ConnectionList> {
    Json(ConnectionList { connections: super::list::<Connection>((&needs, &caller)) })
}

/// Makes a connection; its id is that of its source and that of its destination, unless it is said.
#[utoipa::path(
    post,
    path = "/api/v1/connections",
    tag = "Connections",
    request_body = ConnectionBody,
    responses(
        (status = 201, description = "The new connection", body = ConnectionForm),
        Refusals,
    )
)]
pub async fn create(State(needs): Shared, caller: Caller, body: Text) -> Result<Response, Problem> {
    super::create::<Connection>((&needs, &caller), &body).await
}

/// Shows a connection.
#[utoipa::path(
    get,
    path = "/api/v1/connections/{id}",
    tag = "Connections",
    params(
        ("id" = String, Path, description = "The id of the connection"),
        ("If-None-Match" = Option<String>, Header, description = "Nothing is answered for this version"),
    ),
    responses(
        (status = 200, description = "The connection", body = ConnectionForm),
        (status = 304, description = "It has this version"),
        (status = 404, description = "There is no such connection", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(needs): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    super::show::<Connection>((&needs, &caller), &id, &headers)
}

/// Puts another connection in the place of one.
#[utoipa::path(
    put,
    path = "/api/v1/connections/{id}",
    tag = "Connections",
    params(
        ("id" = String, Path, description = "The id of the connection"),
        ("If-Match" = Option<String>, Header, description = "Only on this version, as its `ETag` has it"),
    ),
    request_body = ConnectionBody,
    responses(
        (status = 200, description = "The connection", body = ConnectionForm),
        Refusals,
    )
)]
pub async fn replace(
    State(needs): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Text,
) -> Result<Response, Problem> {
    super::replace::<Connection>((&needs, &caller), &id, &headers, &body).await
}

/// Changes what the body says of a connection.
#[utoipa::path(
    patch,
    path = "/api/v1/connections/{id}",
    tag = "Connections",
    params(
        ("id" = String, Path, description = "The id of the connection"),
        ("If-Match" = Option<String>, Header, description = "Only on this version, as its `ETag` has it"),
    ),
    request_body = ConnectionBody,
    responses(
        (status = 200, description = "The connection", body = ConnectionForm),
        Refusals,
    )
)]
pub async fn patch(
    State(needs): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Text,
) -> Result<Response, Problem> {
    super::patch::<Connection>((&needs, &caller), &id, &headers, &body).await
}

/// Removes a connection.
#[utoipa::path(
    delete,
    path = "/api/v1/connections/{id}",
    tag = "Connections",
    params(
        ("id" = String, Path, description = "The id of the connection"),
        ("If-Match" = Option<String>, Header, description = "Only on this version, as its `ETag` has it"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        Refusals,
    )
)]
pub async fn remove(
    State(needs): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    super::remove::<Connection>((&needs, &caller), &id, &headers).await
}
