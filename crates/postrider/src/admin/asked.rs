//! What a request's path and query say, or the problem that they say it wrongly.

use axum::extract::{FromRequestParts, path, rejection};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// What the path names; 404 where it cannot name anything.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// What the query says; 400 where it makes no sense.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let named = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        named.map(|axum::extract::Path(named)| Self(named)).map_err(|wrong| unnamed(&wrong, parts))
    }
}

fn unnamed(wrong: &rejection::PathRejection, parts: &Parts) -> Problem {
    let path = parts.uri.path();
    match wrong {
        rejection::PathRejection::FailedToDeserializePathParams(wrong)
            if !matches!(wrong.kind(), path::ErrorKind::WrongNumberOfParameters { .. }) =>
        {
            Problem::new(
                404,
                "no_such_path",
                format!("{path} does not exist: {}", wrong.body_text()),
            )
        }
        other => Problem::new(500, "internal", other.body_text()),
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let said = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        said.map(|axum::extract::Query(said)| Self(said))
            .map_err(|wrong| Problem::new(400, "bad_query", wrong.body_text()))
    }
}
