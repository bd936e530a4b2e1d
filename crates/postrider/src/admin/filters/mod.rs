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
use tokio::sync::Semaphore;

use super::Needs;
use super::problem::Problem;
use request::TrialRequest;
use trial::{Tally, Trial};

/// Lets one trial run at a time.
#[derive(Debug)]
pub struct Trials(Semaphore);

impl Default for Trials {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

/// Tries a filter.
pub async fn try_filter(
    State(needs): State<Arc<Needs>>,
    body: Bytes,
) -> Result<Json<Tally>, Problem> {
    let request = TrialRequest::read(&body)?;
    let snapshot = needs.store.catalog.watch().borrow().clone();
    let trial = Trial::prepare(request, &snapshot.workspace)?;
    let Ok(_permit) = needs.trials.0.try_acquire() else {
        return Err(Problem::new(429, "busy", "another filter is being tried; try again"));
    };
    Ok(Json(trial.run(&*needs.store.journal).await?))
}
