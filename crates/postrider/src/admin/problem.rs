//! Errors of the API, as RFC 9457 problem bodies with a stable code.

use axum::Json;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::account::Role;
use serde::Serialize;
use serde_json::Value;
use storage::StorageError;
use utoipa::ToSchema;

use super::routes::Right;

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
    /// When to try again; a header.
    #[serde(skip)]
    wait_seconds: Option<u32>,
    /// The object as it is now, where somebody else has changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<Box<Value>>,
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
    /// A problem with a status, a stable code and a sentence.
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        let known = StatusCode::from_u16(status).ok();
        let title = known.and_then(|status| status.canonical_reason()).unwrap_or("Problem");
        let (detail, mistakes) = (detail.into(), Vec::new());
        Self {
            kind: "about:blank",
            title,
            status,
            code,
            detail,
            mistakes,
            wait_seconds: None,
            current: None,
        }
    }

    /// Nobody knows who asks.
    pub fn login_needed() -> Self {
        let detail = "log in, or send a token that is worth something";
        Self::new(401, "login_needed", detail)
    }

    /// Somebody with this role may not do what needs this right.
    pub fn not_allowed(role: Role, right: Right) -> Self {
        let needed = right.least().unwrap_or(Role::Viewer).as_str();
        let detail = format!("this needs the role {needed}, and yours is {}", role.as_str());
        Self::new(403, "not_allowed", detail)
    }

    /// The same, to be tried again after a wait.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
        Self { wait_seconds: Some(seconds), ..self }
    }

    /// The same with what is wrong in the request's body.
    #[must_use]
    pub fn with(self, mistakes: Vec<Mistake>) -> Self {
        Self { mistakes, ..self }
    }

    /// The same with the object as it is now.
    #[must_use]
    pub fn showing(self, current: Value) -> Self {
        Self { current: Some(Box::new(current)), ..self }
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
        let wait = self.wait_seconds.map(HeaderValue::from);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = wait {
            headers.insert(RETRY_AFTER, wait);
        }
        response
    }
}
