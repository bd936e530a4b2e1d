//! `GET /api/v1/audit`: who did what, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::limits;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use storage::{AuditQuery, AuditRecord, Deed};
use utoipa::{IntoParams, ToSchema};

use crate::admin::Needs;
use crate::admin::asked::Query;
use crate::admin::problem::Problem;

/// Which records are looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only of this author: a user's name, `token:` and a token's name, `admin-token`, `local`,
    /// `workspace file` or `server`.
    by: Option<String>,
    /// Only of this kind of thing, as in `destination`, `user` or `event`.
    kind: Option<String>,
    /// Only about the thing with this id.
    object: Option<String>,
    /// Only of this action, as in `create`, `change`, `remove` or `view_payload`.
    action: Option<String>,
    /// Where a page ended, to go on from there.
    older_than: Option<u64>,
    /// At most so many: up to 500.
    #[serde(default = "default_limit")]
    limit: u32,
}

/// The list.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditRecords {
    records: Vec<AuditView>,
    /// Where the next page begins; null where nothing is left.
    older_than: Option<u64>,
}

/// What somebody did.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditView {
    id: u64,
    at: String,
    by: String,
    /// Where the request came from; null where there was none.
    address: Option<String>,
    action: String,
    kind: String,
    object: String,
    /// The thing before, without its secrets; null where there was nothing.
    #[schema(value_type = Option<Object>)]
    before: Option<Box<RawValue>>,
    /// The thing after, likewise.
    #[schema(value_type = Option<Object>)]
    after: Option<Box<RawValue>>,
}

impl From<AuditRecord> for AuditView {
    fn from(record: AuditRecord) -> Self {
        let Deed { author, action, kind, object, before, after, .. } = record.deed;
        let json = |text: Option<String>| text.and_then(|text| RawValue::from_string(text).ok());
        Self {
            id: record.id,
            at: author.at.to_string(),
            by: author.by,
            address: author.address.map(|address| address.to_string()),
            action,
            kind,
            object,
            before: json(before),
            after: json(after),
        }
    }
}

fn default_limit() -> u32 {
    limits::ADMIN_ROWS
}

/// Lists who did what.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "People",
    params(Filter),
    responses((status = 200, description = "Newest first", body = AuditRecords))
)]
pub async fn list(
    State(needs): State<Arc<Needs>>,
    Query(filter): Query<Filter>,
) -> Result<Json<AuditRecords>, Problem> {
    let page = needs.store.audit.list(AuditQuery {
        by: filter.by,
        action: filter.action,
        kind: filter.kind,
        object: filter.object,
        older_than: filter.older_than,
        rows_max: filter.limit.clamp(1, limits::ADMIN_ROWS_MAX),
    });
    let page = page.await?;
    let records = page.records.into_iter().map(AuditView::from).collect();
    Ok(Json(AuditRecords { records, older_than: page.older_than }))
}
