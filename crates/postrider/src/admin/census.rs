//! `GET /api/v1/sources/{id}/names` and `…/sdks`: which events a source sends, and with which SDKs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use domain::event::EventKind;
use domain::id::SourceId;
use domain::source::Source;
use serde::Serialize;
use storage::{NameCount, SdkCount, Seen, SourceCensus};
use utoipa::ToSchema;

use super::asked::Path;
use super::problem::Problem;
use super::{Needs, catalog};

/// The names of a source's events.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceNames {
    /// The 500 that came most, those first.
    names: Vec<SourceName>,
    /// All others together; null where there are none.
    other: Option<SeenStatus>,
}

/// Events of one type and name.
#[derive(Debug, Serialize, ToSchema)]
struct SourceName {
    #[schema(value_type = String)]
    r#type: EventKind,
    /// As in lists of events, and cut after 200 characters; null where they have none.
    name: Option<String>,
    #[serde(flatten)]
    seen: SeenStatus,
}

/// The SDKs that a source's events name.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceSdks {
    /// The 32 that came most, those first.
    sdks: Vec<SourceSdk>,
    /// All others together; null where there are none.
    other: Option<SeenStatus>,
}

/// Events of one SDK in one version.
#[derive(Debug, Serialize, ToSchema)]
struct SourceSdk {
    /// `context.library.name` as it was sent, cut after 200 characters; null where there is none.
    name: Option<String>,
    /// `context.library.version`; null where there is none.
    version: Option<String>,
    #[serde(flatten)]
    seen: SeenStatus,
}

/// How often something came, and when.
#[derive(Debug, Serialize, ToSchema)]
struct SeenStatus {
    /// How many events.
    events: u64,
    /// When the first of them was received, since it is counted.
    first_at: String,
    /// When the last of them was received.
    last_at: String,
}

/// Counts a source's events by type and name.
#[utoipa::path(
    get,
    path = "/api/v1/sources/{id}/names",
    tag = "Sources",
    params(("id" = String, Path, description = "The id of the source")),
    responses(
        (status = 200, description = "The names that came most", body = SourceNames),
        (status = 404, description = "There is no such source", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn names(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<String>,
) -> Result<Json<SourceNames>, Problem> {
    let SourceCensus { names, other_names, .. } = of(&needs, id).await?;
    let names = names.into_iter().map(SourceName::from).collect();
    Ok(Json(SourceNames { names, other: other_names.map(SeenStatus::from) }))
}

/// Counts a source's events by the SDK that they name.
#[utoipa::path(
    get,
    path = "/api/v1/sources/{id}/sdks",
    tag = "Sources",
    params(("id" = String, Path, description = "The id of the source")),
    responses(
        (status = 200, description = "The SDKs that came most", body = SourceSdks),
        (status = 404, description = "There is no such source", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn sdks(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<String>,
) -> Result<Json<SourceSdks>, Problem> {
    let SourceCensus { sdks, other_sdks, .. } = of(&needs, id).await?;
    let sdks = sdks.into_iter().map(SourceSdk::from).collect();
    Ok(Json(SourceSdks { sdks, other: other_sdks.map(SeenStatus::from) }))
}

async fn of(needs: &Needs, id: String) -> Result<SourceCensus, Problem> {
    let snapshot = needs.store.catalog.watch().borrow().clone();
    catalog::find::<Source>(&snapshot.workspace, &id)?;
    Ok(needs.store.index.census(&SourceId::new(id)).await?)
}

impl From<NameCount> for SourceName {
    fn from(NameCount { kind, name, seen }: NameCount) -> Self {
        Self { r#type: kind, name: some(name), seen: seen.into() }
    }
}

impl From<SdkCount> for SourceSdk {
    fn from(SdkCount { name, version, seen }: SdkCount) -> Self {
        Self { name: some(name), version: some(version), seen: seen.into() }
    }
}

impl From<Seen> for SeenStatus {
    fn from(Seen { events, first_at, last_at }: Seen) -> Self {
        Self { events, first_at: first_at.to_string(), last_at: last_at.to_string() }
    }
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
