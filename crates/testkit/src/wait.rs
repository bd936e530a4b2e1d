//! Waiting for a state; a deadline only says that it will not come.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

/// Longest wait for anything. Source: chosen; far more than a slow machine needs.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// How often a state is asked for that nobody announces. Source: chosen.
const ASK_EVERY: Duration = Duration::from_millis(5);

/// Awaits `future`.
///
/// # Panics
/// With `what` where it takes longer than the deadline.
pub async fn within<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(output) => output,
        Err(_) => panic!("not within {DEADLINE:?}: {what}"),
    }
}

/// Asks until an answer holds, and returns that one; for states that nobody announces.
///
/// # Panics
/// With `what` and the last answer where none holds before the deadline.
pub async fn eventually<T, F>(
    what: &str,
    mut ask: impl FnMut() -> F,
    holds: impl Fn(&T) -> bool,
) -> T
where
    T: Debug,
    F: Future<Output = T>,
{
    let mut last = None;
    let mut pace = tokio::time::interval(ASK_EVERY);
    let asking = async {
        loop {
            pace.tick().await;
            let answer = ask().await;
            if holds(&answer) {
                return answer;
            }
            last = Some(answer);
        }
    };
    match tokio::time::timeout(DEADLINE, asking).await {
        Ok(answer) => answer,
        Err(_) => panic!("not within {DEADLINE:?}: {what}; last: {last:#?}"),
    }
}
