//! Errors of the API, as RFC 9457 problem bodies with a stable code.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::id::DestinationId;
use serde::Serialize;
use storage::StorageError;
use utoipa::ToSchema;

/// What is wrong with a request, or with the server.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
    /// What is wrong in the request's body, each with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mistakes: Vec<Mistake>,
}

/// One mistake in the body of a request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Mistake {
    /// Where, as in `filter.types[0]`.
    pub field: String,
    /// The character at which it shows, from 1, where the field is a text with a grammar.
    pub column: Option<usize>,
    /// What is the matter, and what to write.
    pub detail: String,
}

impl Problem {
    /// There is no destination with this id.
    pub fn no_destination(id: &DestinationId) -> Self {
        Self::new(404, "no_destination", format!("there is no destination {id}"))
    }

    /// A problem with a status, a stable code and a sentence.
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        let known = StatusCode::from_u16(status).ok();
        let title = known.and_then(|status| status.canonical_reason()).unwrap_or("Problem");
        let (detail, mistakes) = (detail.into(), Vec::new());
        Self { kind: "about:blank", title, status, code, detail, mistakes }
    }

    /// The same with what is wrong in the request's body.
    #[must_use]
    pub fn with(self, mistakes: Vec<Mistake>) -> Self {
        Self { mistakes, ..self }
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        Self::new(503, "storage", crate::terminal::chain(&error))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}
