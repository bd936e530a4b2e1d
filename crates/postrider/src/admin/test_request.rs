//! `POST /api/v1/test-requests`: one stored event to a URL that somebody typed in, and what came back.
//!
//! The request is as a destination without any settings would make it: no configured header, no
//! secret and no signature goes to a URL that is only tried. Which addresses may be called is the same
//! as for deliveries. Nothing of it is kept.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use domain::delivery::Trace;
use domain::destination::webhook::{Method, Setting, WebhookSettings};
use domain::id::Seq;
use domain::reason::Reason;
use serde::Serialize;
use storage::Wanted;
use utoipa::ToSchema;

use super::Needs;
use super::attempts::{Answer, Phases};
use super::body::{self, Mistakes};
use super::problem::Problem;
use super::shown::RequestView;
use crate::send::Sent;
use crate::tester::{TestOrder, Tested};
use crate::workspace_file::node::Node;

/// What came back.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestResult {
    /// What was sent; null where there can be no request for the event.
    request: Option<RequestView>,
    /// Whether a destination would have been content.
    delivered: bool,
    /// 0 where no answer came.
    status: u16,
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
    sentence: &'static str,
    /// What to do about the reason; empty where there is none.
    advice: &'static str,
    detail: String,
    duration_us: u32,
    phases: Phases,
    #[schema(value_type = Option<String>)]
    remote: Option<SocketAddr>,
    answer: Option<Answer>,
}

/// A request that is to be tried.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct TestOrderBody {
    /// The number of a stored event.
    event: u64,
    /// Where to.
    url: String,
    /// `POST` where it is missing.
    method: Option<String>,
}

/// What is to be sent where to.
#[derive(Debug)]
struct Wish {
    event: Seq,
    settings: WebhookSettings,
}

/// Sends an event, and shows the answer.
#[utoipa::path(
    post,
    path = "/api/v1/test-requests",
    tag = "Destinations",
    request_body = TestOrderBody,
    responses(
        (status = 200, description = "What came back", body = TestResult),
        (status = 404, description = "There is no such event", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The body has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many tests are under way", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn send(
    State(needs): State<Arc<Needs>>,
    body: Bytes,
) -> Result<Json<TestResult>, Problem> {
    let Wish { event, settings } = read(&body)?;
    let chunk = needs.store.journal.read(event, Wanted::All, 1).await?;
    let found = chunk.frames.first().and_then(|frame| frame.event(event));
    let found = found
        .ok_or_else(|| Problem::new(404, "no_event", format!("event {event} is not stored")))?;
    let order = TestOrder { payload: found.payload, settings };
    Ok(Json(TestResult::of(needs.tester.send(order).await.ok_or_else(busy)?)))
}

/// Too many tests are under way, or the server ends.
pub(super) fn busy() -> Problem {
    Problem::new(429, "busy", "too many tests are under way; try again")
}

fn read(body: &[u8]) -> Result<Wish, Problem> {
    let mut mistakes = Mistakes::default();
    let wish = wish(&Node::root(body::text(body)?), &mut mistakes);
    mistakes.settle(wish, "bad_test")
}

fn wish(root: &Node<'_>, mistakes: &mut Mistakes) -> Option<Wish> {
    let object = mistakes.keep(root.object())?;
    mistakes.add(object.unknown(&["event", "url", "method"]));
    let event = object.get("event").ok_or_else(|| object.missing("event"));
    let event = mistakes.keep(event.and_then(body::place));
    let url = object.get("url").ok_or_else(|| object.missing("url"));
    let url = mistakes.keep(url.and_then(|node| {
        let text = node.string()?;
        let faults = WebhookSettings::posting_to(&text).check();
        faults.first().map_or(Ok(text), |fault| Err(node.finding(fault.to_string())))
    }));
    let method = object.get("method").map(|node| {
        let name = node.one_of(&["POST", "PUT", "PATCH", "GET", "DELETE"])?;
        Ok(Method::from_name(name).unwrap_or(Method::Post))
    });
    let method = method.map_or(Some(Method::Post), |method| mistakes.keep(method));
    let settings =
        WebhookSettings { method: Setting::Fixed(method?), ..WebhookSettings::posting_to(&url?) };
    Some(Wish { event: event?, settings })
}

impl TestResult {
    pub(super) fn of(tested: Tested) -> Self {
        let Tested { request, sent: Sent { outcome, trace, .. }, duration_us } = tested;
        let reason = outcome.reason();
        let Trace { phases, remote, answer } = trace;
        Self {
            request: request.map(RequestView::from),
            delivered: reason.is_none(),
            status: outcome.status,
            reason,
            sentence: reason.map_or("", Reason::sentence),
            advice: reason.map_or("", Reason::advice),
            detail: outcome.detail,
            duration_us,
            phases: phases.into(),
            remote,
            answer: answer.map(|answer| Arc::unwrap_or_clone(answer).into()),
        }
    }
}
