//! `/api/v1/destinations`: where deliveries go, and what brings a removed one back.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::connection::Connection;
use domain::destination::Destination;
use domain::workspace::{Removed, Workspace};
use serde::Serialize;
use storage::catalog::ObjectKind;
use utoipa::ToSchema;

use super::{Edited, Refusals, Shared};
use crate::admin::asked::Path;
use crate::admin::auth::Caller;
use crate::admin::body::Text;
use crate::admin::problem::Problem;
use crate::workspace_file::finding::Finding;
use crate::workspace_file::forms::{DestinationForm, OwnDestination, WebhookConfig};
use crate::workspace_file::node::Node;
use crate::workspace_file::objects;
use crate::workspace_file::source::Made;

/// All destinations.
#[derive(Debug, Serialize, ToSchema)]
pub struct DestinationList {
    destinations: Vec<DestinationForm>,
}

/// A destination as a body has it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct DestinationBody {
    /// Made of the name where it is missing.
    id: Option<String>,
    /// The id where it is missing.
    name: Option<String>,
    /// `true` where it is missing.
    enabled: Option<bool>,
    /// `WEBHOOK`.
    #[schema(rename = "type")]
    kind: String,
    /// What its type needs to know.
    config: WebhookConfig,
    /// What else may be set.
    postrider: Option<OwnDestination>,
}

impl Edited for Destination {
    const KIND: ObjectKind = ObjectKind::Destination;
    const ABSENT: &'static str = "no_destination";
    const BAD: &'static str = "bad_destination";
    type Form = DestinationForm;

    fn all(workspace: &Workspace) -> &Vec<Self> {
        &workspace.destinations
    }

    fn all_mut(workspace: &mut Workspace) -> &mut Vec<Self> {
        &mut workspace.destinations
    }

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn made(body: &Node<'_>, workspace: &Workspace) -> Made {
        let removed = workspace.removed.iter().map(|removed| &removed.destination);
        let known = || workspace.destinations.iter().chain(removed.clone());
        let id = super::free_id(body, Self::KIND, |id| known().any(|one| one.id.as_str() == id));
        Made { id: Some(id), write_key: None }
    }

    fn kept(&self) -> Made {
        Made { id: Some(self.id.to_string()), write_key: None }
    }

    fn read(
        body: &Node<'_>,
        made: Made,
        stored: Option<&Self>,
        _: &Workspace,
    ) -> Result<Self, Vec<Finding>> {
        objects::destination(body, made, stored)
    }

    fn remove(workspace: &mut Workspace, id: &str) {
        workspace.destinations.retain(|destination| destination.id.as_str() != id);
        workspace.connections.retain(|connection| connection.destination.as_str() != id);
    }
}

/// Lists all destinations.
#[utoipa::path(
    get,
    path = "/api/v1/destinations",
    tag = "Destinations",
    responses(
        (status = 200, description = "Sorted by id", body = DestinationList),
    )
)]
pub async fn list(State(needs): Shared, caller: Caller) -> Json<DestinationList> {
    Json(DestinationList { destinations: super::list::<Destination>((&needs, &caller)) })
}

/// Makes a destination; one without an id gets one.
#[utoipa::path(
    post,
    path = "/api/v1/destinations",
    tag = "Destinations",
    request_body = DestinationBody,
    responses(
        (status = 201, description = "The new destination", body = DestinationForm),
        Refusals,
    )
)]
pub async fn create(State(needs): Shared, caller: Caller, body: Text) -> Result<Response, Problem> {
    super::create::<Destination>((&needs, &caller), &body).await
}

/// Shows a destination, with marks in the place of its secrets.
#[utoipa::path(
    get,
    path = "/api/v1/destinations/{id}",
    tag = "Destinations",
    params(
        ("id" = String, Path, description = "The id of the destination"),
        ("If-None-Match" = Option<String>, Header, description = "Nothing is answered for this version"),
    ),
    responses(
        (status = 200, description = "The destination", body = DestinationForm),
        (status = 304, description = "It has this version"),
        (status = 404, description = "There is no such destination", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(needs): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    super::show::<Destination>((&needs, &caller), &id, &headers)
}

/// Puts another destination in the place of one; a secret's mark stands for the stored secret.
#[utoipa::path(
    put,
    path = "/api/v1/destinations/{id}",
    tag = "Destinations",
    params(
        ("id" = String, Path, description = "The id of the destination"),
        ("If-Match" = Option<String>, Header, description = "Only on this version, as its `ETag` has it"),
    ),
    request_body = DestinationBody,
    responses(
        (status = 200, description = "The destination", body = DestinationForm),
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
    super::replace::<Destination>((&needs, &caller), &id, &headers, &body).await
}

/// Changes what the body says of a destination.
#[utoipa::path(
    patch,
    path = "/api/v1/destinations/{id}",
    tag = "Destinations",
    params(
        ("id" = String, Path, description = "The id of the destination"),
        ("If-Match" = Option<String>, Header, description = "Only on this version, as its `ETag` has it"),
    ),
    request_body = DestinationBody,
    responses(
        (status = 200, description = "The destination", body = DestinationForm),
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
    super::patch::<Destination>((&needs, &caller), &id, &headers, &body).await
}

/// Removes a destination, and its connections; for a while it may be restored.
#[utoipa::path(
    delete,
    path = "/api/v1/destinations/{id}",
    tag = "Destinations",
    params(
        ("id" = String, Path, description = "The id of the destination"),
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
    super::remove::<Destination>((&needs, &caller), &id, &headers).await
}

/// Brings a removed destination back, with the connections to sources that are still there.
#[utoipa::path(
    post,
    path = "/api/v1/destinations/{id}/restore",
    tag = "Destinations",
    params(
        ("id" = String, Path, description = "The id of the destination"),
    ),
    responses(
        (status = 200, description = "The destination", body = DestinationForm),
        (status = 404, description = "None was removed, or its time is over", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A workspace file leads the catalog", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn restore(
    State(needs): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let author = caller.author();
    let edited = needs.editor.edit(&author, |content| {
        let workspace = &content.workspace;
        let mut removed = workspace.removed.iter();
        let removed = removed.find(|removed| removed.destination.id.as_str() == id);
        let Removed { destination, connections, .. } = removed.ok_or_else(|| {
            let detail = format!("no destination {id} was removed, or its time is over");
            Problem::new(404, "not_removed", detail)
        })?;
        let mut wanted = workspace.clone();
        wanted.destinations.push(destination.clone());
        let has_source = |one: &&Connection| {
            let is_free = !workspace.connections.iter().any(|other| other.id == one.id);
            is_free && workspace.sources.iter().any(|source| source.id == one.source)
        };
        wanted.connections.extend(connections.iter().filter(has_source).cloned());
        Ok::<_, Problem>((wanted, ()))
    });
    let (content, ()) = edited.await?;
    super::answer::<Destination>((&needs, &caller), &content, &id, StatusCode::OK)
}
