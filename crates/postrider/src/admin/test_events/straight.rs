//! `POST /api/v1/destinations/{id}/test-events`: a composed event, straight to a destination, and what
//! came back.
//!
//! It is stamped as intake would, and sent as a delivery is: by the destination's settings, only to
//! addresses that may be called. But it is no delivery: it is not stored, not counted and not tried
//! again, and it goes however the destination stands. What the connections would make of it is told
//! and holds nothing back.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use domain::connection::Connection;
use domain::destination::{Destination, DestinationSettings};
use domain::event::NewEvent;
use domain::event::fields::Stamp;
use domain::event::intake::{self, Shape};
use domain::filter::{Sieve, Subject, Verdict, decide};
use domain::id::{ConnectionId, SourceId};
use domain::reason::Reason;
use domain::source::Source;
use domain::workspace::Workspace;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Composed, refused};
use crate::admin::Needs;
use crate::admin::asked::Path;
use crate::admin::catalog;
use crate::admin::problem::Problem;
use crate::admin::test_request::{TestResult, busy};
use crate::clock;
use crate::tester::TestOrder;

/// Whose address such events have, as the admin listener's own.
const HERE: &str = "127.0.0.1";

/// An event that was sent, and what came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StraightTest {
    /// Its `messageId`.
    message_id: String,
    /// Why events are not delivered there at the moment: `paused` or `disabled`; null where they are.
    away: Option<&'static str>,
    /// What the connections that lead there would make of the event.
    connections: Vec<Judgement>,
    /// What was sent, and what came back.
    result: TestResult,
}

/// What a connection makes of an event.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
struct Judgement {
    #[schema(value_type = String)]
    connection: ConnectionId,
    #[schema(value_type = String)]
    source: SourceId,
    /// Whether the connection is enabled: through one that is not, nothing passes.
    enabled: bool,
    /// Whether its rules let the event pass.
    passes: bool,
    /// Which rule does not; null where all do.
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
    sentence: &'static str,
    /// What to do about the reason; empty where there is none.
    advice: &'static str,
}

/// What to send.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct StraightTestBody {
    /// The event, with its `type`.
    #[schema(value_type = Object)]
    event: String,
    /// Only the connections from this source are asked; all where it is missing.
    source: Option<String>,
}

/// Sends an event straight to a destination, and shows what came back.
#[utoipa::path(
    post,
    path = "/api/v1/destinations/{id}/test-events",
    tag = "Destinations",
    params(("id" = String, Path, description = "The id of the destination")),
    request_body = StraightTestBody,
    responses(
        (status = 200, description = "What came back", body = StraightTest),
        (status = 404, description = "There is no such destination or source", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place; or a source would be refused the event, and `code` says why", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many tests are under way", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn send(
    State(needs): State<Arc<Needs>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<StraightTest>, Problem> {
    let (Composed { text, message_id }, source) = read(&body)?;
    let content = needs.store.catalog.watch().borrow().clone();
    let destination: &Destination = catalog::find(&content.workspace, &id)?;
    if let Some(source) = &source {
        catalog::find::<Source>(&content.workspace, source.as_str())?;
    }
    let event = stamped(&text, needs.event_bytes_max)?;
    let connections = judged(&event, destination, &content.workspace, source.as_ref());
    let DestinationSettings::Webhook(settings) = &destination.settings;
    let order = TestOrder { payload: event.payload, settings: settings.clone() };
    let tested = needs.tester.send(order).await.ok_or_else(busy)?;
    let result = TestResult::of(tested);
    Ok(Json(StraightTest { message_id, away: away(destination), connections, result }))
}

fn read(body: &[u8]) -> Result<(Composed, Option<SourceId>), Problem> {
    super::read(body, &["event", "source"], |object, mistakes| {
        let source = object.get("source").map(|node| mistakes.keep(node.string()));
        Some(source.flatten().map(SourceId::new))
    })
}

/// The event as intake would store it.
fn stamped(text: &str, bytes_max: usize) -> Result<NewEvent, Problem> {
    let (source, mut fresh_id) = (SourceId::new("test"), clock::random_bytes);
    let mut stamp = Stamp::new(&source, clock::now(), HERE, &mut fresh_id);
    stamp.event_bytes_max = bytes_max;
    let body = format!(r#"{{"batch":[{text}]}}"#);
    let mut intake = intake::read(body.as_bytes(), Shape::Batch, &mut stamp)
        .map_err(|whole| refused(whole.reason, &whole.detail))?;
    intake.events.pop().ok_or_else(|| {
        let why = intake.rejections.pop();
        why.map_or_else(|| refused(Reason::NotAnEvent, ""), |one| refused(one.reason, &one.detail))
    })
}

/// What each connection to the destination makes of the event, in the order of their ids.
fn judged(
    event: &NewEvent,
    destination: &Destination,
    workspace: &Workspace,
    source: Option<&SourceId>,
) -> Vec<Judgement> {
    let NewEvent { kind, identities, restriction, payload, .. } = event;
    let subject = Subject {
        kind: *kind,
        identities: *identities,
        restriction: *restriction,
        payload: payload.as_ref(),
    };
    let is_asked = |one: &&Connection| {
        one.destination == destination.id && source.is_none_or(|source| one.source == *source)
    };
    let asked = workspace.connections.iter().filter(is_asked);
    asked.map(|one| Judgement::of(one, decide(&Sieve::new(destination, one), &subject))).collect()
}

impl Judgement {
    fn of(connection: &Connection, verdict: Verdict) -> Self {
        let reason = match verdict {
            Verdict::Passes => None,
            Verdict::Filtered(reason) => Some(reason),
        };
        Self {
            connection: connection.id.clone(),
            source: connection.source.clone(),
            enabled: connection.enabled,
            passes: reason.is_none(),
            reason,
            sentence: reason.map_or("", Reason::sentence),
            advice: reason.map_or("", Reason::advice),
        }
    }
}

fn away(destination: &Destination) -> Option<&'static str> {
    if destination.enabled {
        destination.delivery.paused.then_some("paused")
    } else {
        Some("disabled")
    }
}
