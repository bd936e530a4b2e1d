//! `/api/v1/sources`: what sends events, and the change of its key.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::source::{Source, WriteKey};
use domain::workspace::Workspace;
use serde::Serialize;
use storage::catalog::ObjectKind;
use utoipa::ToSchema;

use super::{Edited, Refusals, Shared};
use crate::admin::asked::Path;
use crate::admin::auth::Caller;
use crate::admin::body::{Mistakes, Text};
use crate::admin::problem::Problem;
use crate::clock;
use crate::config::units::parse_duration;
use crate::workspace::write_key;
use crate::workspace_file::finding::Finding;
use crate::workspace_file::forms::{OwnSource, SourceForm};
use crate::workspace_file::node::Node;
use crate::workspace_file::objects;
use crate::workspace_file::source::Made;

/// How long an old key counts where nobody says it.
const KEEP_OLD_FOR: Duration = Duration::from_secs(7 * 24 * 3_600);

/// All sources.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceList {
    sources: Vec<SourceForm>,
}

/// A source as a body has it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct SourceBody {
    /// Made of the name where it is missing.
    id: Option<String>,
    /// The id where it is missing.
    name: Option<String>,
    /// `true` where it is missing.
    enabled: Option<bool>,
    /// Made where it is missing.
    #[schema(rename = "writeKey")]
    write_key: Option<String>,
    /// What else may be set.
    postrider: Option<OwnSource>,
}

/// A change of the key.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct RotationBody {
    /// How long the old key counts, as in `7d`, which it is where it is missing.
    #[schema(rename = "keepOldFor")]
    keep_old_for: Option<String>,
}

/// What a change of the key asks for.
struct Rotation {
    key: String,
    keep_old_for: Duration,
}

impl Edited for Source {
    const KIND: ObjectKind = ObjectKind::Source;
    const ABSENT: &'static str = "no_source";
    const BAD: &'static str = "bad_source";
    type Form = SourceForm;

    fn all(workspace: &Workspace) -> &Vec<Self> {
        &workspace.sources
    }

    fn all_mut(workspace: &mut Workspace) -> &mut Vec<Self> {
        &mut workspace.sources
    }

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn made(body: &Node<'_>, workspace: &Workspace) -> Made {
        let is_taken = |id: &str| workspace.sources.iter().any(|one| one.id.as_str() == id);
        let id = super::free_id(body, Self::KIND, is_taken);
        Made { id: Some(id), write_key: Some(write_key()) }
    }

    fn kept(&self) -> Made {
        let key = self.write_keys.first().map(|key| key.key.clone());
        Made { id: Some(self.id.to_string()), write_key: key }
    }

    fn read(
        body: &Node<'_>,
        made: Made,
        _: Option<&Self>,
        others: &Workspace,
    ) -> Result<Self, Vec<Finding>> {
        objects::source(body, made, &others.sources)
    }

    fn remove(workspace: &mut Workspace, id: &str) {
        workspace.sources.retain(|source| source.id.as_str() != id);
        workspace.connections.retain(|connection| connection.source.as_str() != id);
    }
}

/// Lists all sources.
#[utoipa::path(
    get,
    path = "/api/v1/sources",
    tag = "Sources",
    responses(
        (status = 200, description = "Sorted by id", body = SourceList),
    )
)]
pub async fn list(State(needs): Shared, caller: Caller) -> Json<SourceList> {
    Json(SourceList { sources: super::list::<Source>((&needs, &caller)) })
}

/// Makes a source; one without an id or a key gets them.
#[utoipa::path(
    post,
    path = "/api/v1/sources",
    tag = "Sources",
    request_body = SourceBody,
    responses(
        (status = 201, description = "The new source", body = SourceForm),
        Refusals,
    )
)]
pub async fn create(State(needs): Shared, caller: Caller, body: Text) -> Result<Response, Problem> {
    super::create::<Source>((&needs, &caller), &body).await
}

/// Shows a source.
#[utoipa::path(
    get,
    path = "/api/v1/sources/{id}",
    tag = "Sources",
    params(
        ("id" = String, Path, description = "The id of the source"),
        ("If-None-Match" = Option<String>, Header, description = "Nothing is answered for this version"),
    ),
    responses(
        (status = 200, description = "The source", body = SourceForm),
        (status = 304, description = "It has this version"),
        (status = 404, description = "There is no such source", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(needs): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    super::show::<Source>((&needs, &caller), &id, &headers)
}

/// Puts another source in the place of one; it keeps its key where the body has none.
#[utoipa::path(
    put,
    path = "/api/v1/sources/{id}",
    tag = "Sources",
    params(
        ("id" = String, Path, description = "The id of the source"),
        ("If-Match" = Option<String>, Header, description = "Only on this version, as its `ETag` has it"),
    ),
    request_body = SourceBody,
    responses(
        (status = 200, description = "The source", body = SourceForm),
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
    super::replace::<Source>((&needs, &caller), &id, &headers, &body).await
}

/// Changes what the body says of a source.
#[utoipa::path(
    patch,
    path = "/api/v1/sources/{id}",
    tag = "Sources",
    params(
        ("id" = String, Path, description = "The id of the source"),
        ("If-Match" = Option<String>, Header, description = "Only on this version, as its `ETag` has it"),
    ),
    request_body = SourceBody,
    responses(
        (status = 200, description = "The source", body = SourceForm),
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
    super::patch::<Source>((&needs, &caller), &id, &headers, &body).await
}

/// Removes a source, and its connections.
#[utoipa::path(
    delete,
    path = "/api/v1/sources/{id}",
    tag = "Sources",
    params(
        ("id" = String, Path, description = "The id of the source"),
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
    super::remove::<Source>((&needs, &caller), &id, &headers).await
}

/// Gives a source another key; the old one counts for a while.
#[utoipa::path(
    post,
    path = "/api/v1/sources/{id}/keys",
    tag = "Sources",
    params(
        ("id" = String, Path, description = "The id of the source"),
        ("If-Match" = Option<String>, Header, description = "Only on this version, as its `ETag` has it"),
    ),
    request_body = RotationBody,
    responses(
        (status = 200, description = "The source", body = SourceForm),
        Refusals,
    )
)]
pub async fn rotate(
    State(needs): Shared,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Text,
) -> Result<Response, Problem> {
    let Rotation { key, keep_old_for } = Rotation::read(&body)?;
    super::change::<Source>((&needs, &caller), &id, &headers, |stored, _| {
        let mut source = stored.clone();
        let old = source.write_keys.first_mut();
        let old = old.map(|own| std::mem::replace(own, WriteKey::endless(key.clone())));
        if let Some(old) = old.filter(|_| !keep_old_for.is_zero()) {
            let end = clock::now().plus(keep_old_for);
            source.write_keys.insert(1, WriteKey { valid_until: Some(end), ..old });
        }
        Ok(source)
    })
    .await
}

impl Rotation {
    fn read(body: &Text) -> Result<Self, Problem> {
        let mut mistakes = Mistakes::default();
        let read = Self::of(&body.root(), &mut mistakes);
        mistakes.settle(read, "bad_rotation")
    }

    fn of(root: &Node<'_>, mistakes: &mut Mistakes) -> Option<Self> {
        let object = mistakes.keep(root.object())?;
        mistakes.add(object.unknown(&["keepOldFor"]));
        let span = object.get("keepOldFor").map(|node| {
            let span = parse_duration(&node.string()?);
            span.map_err(|fault| node.finding(format!("{}; {}", fault.what, fault.hint)))
        });
        let keep_old_for = mistakes.keep(span.unwrap_or(Ok(KEEP_OLD_FOR)))?;
        Some(Self { key: write_key(), keep_old_for })
    }
}
