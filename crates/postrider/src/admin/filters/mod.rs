//! `POST /api/v1/filters/try`: what a filter would have done to the latest stored events, before it
//! is saved.
//!
//! In come a filter as the workspace file has it, and whose events to try it on; out go counts and
//! some events for each verdict, or every mistake of the filter. With a destination, what events say
//! themselves counts too, and the connection's consent rules. Nothing is changed. One trial runs at a
//! time, and lets everybody else have their turn.

mod request;
mod trial;

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Needs;
use super::problem::Problem;
use request::{TrialBody, TrialRequest};
use trial::{Bounds, Tally, Trial};

/// Lets one trial run at a time.
#[derive(Debug)]
pub struct Trials(Semaphore);

impl Default for Trials {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

impl Trials {
    /// Begins a trial, which lasts until what is answered is dropped.
    fn begin(&self) -> Result<SemaphorePermit<'_>, Problem> {
        let busy = |_| Problem::new(429, "busy", "another filter is being tried; try again");
        self.0.try_acquire().map_err(busy)
    }
}

/// Tries a filter.
#[utoipa::path(
    post,
    path = "/api/v1/filters/try",
    tag = "Connections",
    request_body = TrialBody,
    responses(
        (status = 200, description = "What it would have done", body = Tally),
        (status = 404, description = "There is no such source, destination or connection", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The filter has mistakes, each with its place", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Another filter is being tried", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn try_filter(
    State(needs): State<Arc<Needs>>,
    body: Bytes,
) -> Result<Json<Tally>, Problem> {
    let request = TrialRequest::read(&body)?;
    let snapshot = needs.store.catalog.watch().borrow().clone();
    let trial = Trial::prepare(request, &snapshot.workspace)?;
    let _permit = needs.trials.begin()?;
    Ok(Json(trial.run(&*needs.store.journal, Bounds::default()).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_filter_is_tried_at_a_time() {
        let trials = Trials::default();
        let first = trials.begin().expect("nobody else tries one");
        let busy = Problem::new(429, "busy", "another filter is being tried; try again");
        assert_eq!(trials.begin().err(), Some(busy));
        drop(first);
        assert!(trials.begin().is_ok());
    }
}
