//! `POST /api/v1/test-events`: a composed event, taken as if its source had sent it.
//!
//! It goes the whole way: the source's limits and the connections' filters hold for it, and it is
//! stored and delivered.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use domain::id::SourceId;
use domain::source::{Source, WriteKey};
use serde::Serialize;
use utoipa::ToSchema;

use super::refused;
use crate::admin::Needs;
use crate::admin::catalog;
use crate::admin::problem::Problem;
use crate::clock;
use crate::hatch::{Composed, Refusal};
use crate::workspace_file::node::Node;

/// An event that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestEvent {
    /// Its `messageId`, by which it can be found.
    message_id: String,
}

/// What to send.
#[derive(ToSchema)]
#[allow(dead_code, reason = "read member by member, so that each mistake has its place")]
pub struct TestEventBody {
    /// The source that it is to come from.
    #[schema(value_type = String)]
    source: SourceId,
    /// The event, with its `type`.
    #[schema(value_type = Object)]
    event: String,
}

/// Sends an event as if its source had.
#[utoipa::path(
    post,
    path = "/api/v1/test-events",
    tag = "Events",
    request_body = TestEventBody,
    responses(
        (status = 200, description = "It is stored", body = TestEvent),
        (status = 404, description = "There is no such source", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place; or the source would be refused the event, and `code` says why", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many are under way", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn send(
    State(needs): State<Arc<Needs>>,
    body: Bytes,
) -> Result<Json<TestEvent>, Problem> {
    let (super::Composed { text, message_id }, source) = read(&body)?;
    let key = key_of(&needs, &source)?;
    let composed = Composed { key, event: Bytes::from(text) };
    let busy = || Problem::new(429, "busy", "too many events are under way; try again");
    match needs.hatch.hand_in(composed).await.ok_or_else(busy)? {
        Ok(()) => Ok(Json(TestEvent { message_id })),
        Err(Refusal { reason, detail }) => Err(refused(reason, &detail)),
    }
}

fn read(body: &[u8]) -> Result<(super::Composed, SourceId), Problem> {
    super::read(body, &["source", "event"], |object, mistakes| {
        let source = object.get("source").ok_or_else(|| object.missing("source"));
        let source = mistakes.keep(source.and_then(Node::string))?;
        Some(SourceId::new(source))
    })
}

/// A write key with which the source may send.
fn key_of(needs: &Needs, id: &SourceId) -> Result<String, Problem> {
    let snapshot = needs.store.catalog.watch().borrow().clone();
    let source: &Source = catalog::find(&snapshot.workspace, id.as_str())?;
    let now = clock::now();
    let is_good = |key: &&WriteKey| key.ended(now).is_none();
    let key = source.write_keys.iter().find(is_good).or(source.write_keys.first());
    Ok(key.map(|key| key.key.clone()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_has_its_place() {
        let check = |body: &str, fields: &[&str]| {
            let problem =
                read(body.as_bytes()).err().map(|problem| serde_json::to_value(problem).unwrap());
            let found: Vec<_> = problem
                .iter()
                .flat_map(|problem| problem["mistakes"].as_array().unwrap())
                .map(|one| one["field"].as_str().unwrap())
                .collect();
            assert_eq!(found, fields, "{body}");
        };
        check("{}", &["source", "event"]);
        check(r#"{"source":1,"event":[],"more":1}"#, &["more", "source", "event"]);
    }
}
