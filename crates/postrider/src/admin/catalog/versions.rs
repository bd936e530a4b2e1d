//! `/api/v1/{sources,destinations,connections}/{id}/versions`: who changed an object, and what.
//!
//! The edits are those of the audit log, where each came with the object before and after.

use axum::Json;
use axum::extract::State;
use domain::connection::Connection;
use domain::destination::Destination;
use domain::limits;
use domain::source::Source;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use storage::{AuditQuery, AuditRecord};
use utoipa::{IntoParams, ToSchema};

use super::{Desk, Edited, Shared};
use crate::admin::asked::{Path, Query};
use crate::admin::auth::Caller;
use crate::admin::problem::Problem;
use crate::admin::routes::Right;
use crate::workspace_file::changes::{self, FieldChange};
use crate::workspace_file::secrets::{Kind, mark};

/// The versions of an object.
#[derive(Debug, Serialize, ToSchema)]
pub struct Versions {
    versions: Vec<Version>,
    /// Where the next page begins; null where nothing is left.
    older_than: Option<u64>,
}

/// A version of an object.
#[derive(Debug, Serialize, ToSchema)]
pub struct Version {
    /// Its number, as the object's `version` was from then on.
    version: u64,
    /// When it was made.
    at: String,
    /// By whom.
    by: String,
    /// `create`, `change` or `remove`.
    action: String,
    /// Field by field; secrets are marks.
    changes: Vec<FieldChange>,
}

/// Which versions are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VersionPage {
    /// Where a page ended, to go on from there.
    older_than: Option<u64>,
    /// At most so many: up to 500.
    limit: Option<u32>,
}

/// Lists the versions of a source, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/sources/{id}/versions",
    tag = "Sources",
    params(("id" = String, Path, description = "The id of the source"), VersionPage),
    responses(
        (status = 200, description = "Newest first", body = Versions),
        (status = 404, description = "There is no such source, and there was none", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn of_source(
    State(needs): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(page): Query<VersionPage>,
) -> Result<Json<Versions>, Problem> {
    versions::<Source>((&needs, &caller), id, page).await
}

/// Lists the versions of a destination, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/destinations/{id}/versions",
    tag = "Destinations",
    params(("id" = String, Path, description = "The id of the destination"), VersionPage),
    responses(
        (status = 200, description = "Newest first", body = Versions),
        (status = 404, description = "There is no such destination, and there was none", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn of_destination(
    State(needs): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(page): Query<VersionPage>,
) -> Result<Json<Versions>, Problem> {
    versions::<Destination>((&needs, &caller), id, page).await
}

/// Lists the versions of a connection, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/connections/{id}/versions",
    tag = "Connections",
    params(("id" = String, Path, description = "The id of the connection"), VersionPage),
    responses(
        (status = 200, description = "Newest first", body = Versions),
        (status = 404, description = "There is no such connection, and there was none", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn of_connection(
    State(needs): Shared,
    caller: Caller,
    Path(id): Path<String>,
    Query(page): Query<VersionPage>,
) -> Result<Json<Versions>, Problem> {
    versions::<Connection>((&needs, &caller), id, page).await
}

async fn versions<O: Edited>(
    (needs, caller): Desk<'_>,
    id: String,
    page: VersionPage,
) -> Result<Json<Versions>, Problem> {
    let query = AuditQuery {
        kind: Some(O::KIND.as_str().to_owned()),
        object: Some(id.clone()),
        older_than: page.older_than,
        rows_max: page.limit.unwrap_or(limits::ADMIN_ROWS).clamp(1, limits::ADMIN_ROWS_MAX),
        ..AuditQuery::default()
    };
    let found = needs.store.audit.list(query).await?;
    if found.records.is_empty() && page.older_than.is_none() {
        super::find::<O>(&needs.editor.content().workspace, &id)?;
    }
    let mut versions: Vec<_> = found.records.into_iter().filter_map(version).collect();
    if !caller.may(Right::Edit) {
        let changes = versions.iter_mut().flat_map(|version| &mut version.changes);
        changes.for_each(hide_url);
    }
    Ok(Json(Versions { versions, older_than: found.older_than }))
}

/// A destination's URL is told as the destination itself is: with a mark, to those who may not set it.
fn hide_url(change: &mut FieldChange) {
    if change.field == "config.webhookUrl" {
        for value in [&mut change.before, &mut change.after] {
            if let Value::String(url) = value {
                *url = mark(Kind::Url, url);
            }
        }
    }
}

/// The version that a record made; none where it made none.
fn version(record: AuditRecord) -> Option<Version> {
    let deed = record.deed;
    let read = |text: Option<String>| -> Value {
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    };
    Some(Version {
        version: record.revision?,
        at: deed.author.at.to_string(),
        by: deed.author.by,
        action: deed.action,
        changes: changes::between(&read(deed.before), &read(deed.after)),
    })
}
