//! `GET /api/v1/destination-types`: what can be set of a destination, so that a form can be drawn.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::workspace_file::objects::WEBHOOK_SCHEMA;

/// The types of destinations.
#[derive(Debug, Serialize, ToSchema)]
pub struct DestinationTypes {
    types: Vec<DestinationType>,
}

/// A type of destinations.
#[derive(Debug, Serialize, ToSchema)]
pub struct DestinationType {
    /// As a destination's `type` has it.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Its name for people.
    title: &'static str,
    /// A JSON Schema of its members `config` and `postrider`. Secrets are `writeOnly`.
    #[schema(value_type = Object)]
    schema: &'static RawValue,
}

/// Lists the types of destinations, each with a schema of its settings.
#[utoipa::path(
    get,
    path = "/api/v1/destination-types",
    tag = "Destinations",
    responses((status = 200, description = "All types", body = DestinationTypes))
)]
pub async fn list() -> Response {
    match serde_json::from_str(WEBHOOK_SCHEMA) {
        Ok(schema) => {
            let types = vec![DestinationType { kind: "WEBHOOK", title: "Webhook", schema }];
            Json(DestinationTypes { types }).into_response()
        }
        // Not reached: a test reads it.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
