//! Requests that are sent twice are done once: whoever gives a `POST` an `Idempotency-Key` may send it
//! again when no answer came, and gets the answer of the first time.
//!
//! It is behind the gate: nobody gets an answer who may not ask, or whom it was not made for.
//!
//! Answers are kept in memory for a day at most, a bounded number of them; a server that was started
//! again knows none. Kept is what was done or refused for good; what failed for our state is not, so
//! that it can be tried again.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::limits;

use super::Needs;
use super::auth::Caller;
use super::problem::Problem;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What was asked under keys, and what was answered.
#[derive(Default)]
pub struct Repeats {
    /// Tells requests apart without keeping them, in a way that nobody outside can foresee.
    hasher: RandomState,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    answers: BTreeMap<Name, Known>,
    /// Those that are done, the oldest first.
    done: VecDeque<(Instant, Name)>,
}

/// A key, and who uses it.
type Name = (u64, String);

/// What is known under a key.
struct Known {
    /// What was asked.
    asked: u64,
    /// None while it is being done.
    answer: Option<Answer>,
}

#[derive(Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// Keeps a key while its request is being done; given up, the key is free again.
struct Claim<'a> {
    repeats: &'a Repeats,
    name: Option<Name>,
}

/// Does a `POST` with a key once.
pub async fn once(State(needs): State<Arc<Needs>>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    match key(request.headers()) {
        None => next.run(request).await,
        Some(Ok(key)) => match do_once(&needs.repeats, key, request, next).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        },
        Some(Err(problem)) => problem.into_response(),
    }
}

async fn do_once(
    repeats: &Repeats,
    key: String,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, limits::ADMIN_BODY_BYTES_MAX).await;
    let body = body.map_err(|error| Problem::new(413, "too_large", error.to_string()))?;
    let caller = head.extensions.get::<Caller>().map(|caller| (&caller.name, caller.way));
    let name = (repeats.hasher.hash_one(caller), key);
    let asked = repeats.hasher.hash_one((&head.uri, &body));
    let claim = match repeats.claim(name, asked)? {
        Ok(claim) => claim,
        Err(answer) => return Ok(answer.again()),
    };
    let answer = next.run(Request::from_parts(head, Body::from(body))).await;
    let (head, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await;
    let body = body.map_err(|error| Problem::new(500, "internal", error.to_string()))?;
    let answer = Answer { status: head.status, headers: head.headers, body };
    claim.keep(&answer);
    Ok(answer.into_response())
}

/// The key of a request; none where it has none.
fn key(headers: &HeaderMap) -> Option<Result<String, Problem>> {
    let value = headers.get(KEY)?;
    let text = value.to_str().ok();
    let key = text.filter(|key| !key.is_empty() && key.len() <= limits::REPEAT_KEY_BYTES_MAX);
    let detail = || format!("Idempotency-Key has 1 to {} letters", limits::REPEAT_KEY_BYTES_MAX);
    Some(key.map(str::to_owned).ok_or_else(|| Problem::new(400, "bad_idempotency_key", detail())))
}

impl Repeats {
    /// Lets a request be done, or answers what was answered before.
    fn claim(&self, name: Name, asked: u64) -> Result<Result<Claim<'_>, Answer>, Problem> {
        let mut kept = self.lock();
        kept.forget_old(Instant::now());
        match kept.answers.get(&name) {
            Some(known) if known.asked != asked => {
                let detail = "this Idempotency-Key came with another request before; use a new one";
                Err(Problem::new(422, "key_reused", detail))
            }
            Some(Known { answer: Some(answer), .. }) => Ok(Err(answer.clone())),
            Some(Known { answer: None, .. }) => {
                let detail = "the request with this Idempotency-Key is still being done; ask again";
                Err(Problem::new(409, "still_under_way", detail))
            }
            None => {
                kept.answers.insert(name.clone(), Known { asked, answer: None });
                Ok(Ok(Claim { repeats: self, name: Some(name) }))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim<'_> {
    /// Keeps an answer that would be the same again.
    fn keep(mut self, answer: &Answer) {
        if answer.is_for_good()
            && let Some(name) = self.name.take()
        {
            let mut kept = self.repeats.lock();
            if let Some(known) = kept.answers.get_mut(&name) {
                known.answer = Some(answer.clone());
            }
            kept.done.push_back((Instant::now(), name));
        }
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            self.repeats.lock().answers.remove(&name);
        }
    }
}

impl Kept {
    /// Forgets what is too old, and makes room for one more.
    fn forget_old(&mut self, now: Instant) {
        let is_over = |kept: &Self, at: Instant| {
            kept.done.len() >= limits::REPEATS_MAX
                || now.duration_since(at) >= limits::REPEAT_TIME_MAX
        };
        while let Some((at, _)) = self.done.front()
            && is_over(self, *at)
        {
            if let Some((_, name)) = self.done.pop_front() {
                self.answers.remove(&name);
            }
        }
    }
}

impl Answer {
    /// Whether the same request would always be answered so, as far as we can tell.
    fn is_for_good(&self) -> bool {
        let passes = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
        self.body.len() <= limits::REPEAT_ANSWER_BYTES_MAX
            && !self.status.is_server_error()
            && self.status != StatusCode::UNAUTHORIZED
            && !passes.contains(&self.status)
    }

    /// The answer, marked as given before.
    fn again(self) -> Response {
        let mut response = self.into_response();
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        *response.headers_mut() = self.headers;
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers: HeaderMap::new(), body: Bytes::from_static(b"x") }
    }

    fn name(key: &str) -> Name {
        (1, key.to_owned())
    }

    fn code(problem: Problem) -> u16 {
        problem.into_response().status().as_u16()
    }

    /// Does a request that has not come before, with this answer.
    fn perform(repeats: &Repeats, key: &str, status: u16) {
        let claim = repeats.claim(name(key), 7).ok().and_then(Result::ok).expect("a new key");
        claim.keep(&answer(status));
    }

    #[test]
    fn a_key_is_used_once_and_then_answered_as_before() {
        let repeats = Repeats::default();
        perform(&repeats, "k", 201);
        let again = repeats.claim(name("k"), 7).expect("no problem").err().expect("an answer");
        assert_eq!(again.status, StatusCode::CREATED);
        assert_eq!(repeats.claim(name("k"), 8).err().map(code), Some(422), "another request");
        assert!(
            repeats.claim((2, "k".to_owned()), 8).expect("no problem").is_ok(),
            "another caller"
        );
    }

    #[test]
    fn what_is_under_way_is_not_begun_again_and_what_is_given_up_is_free() {
        let repeats = Repeats::default();
        let first = repeats.claim(name("k"), 7).expect("no problem").ok().expect("a new key");
        assert_eq!(repeats.claim(name("k"), 7).err().map(code), Some(409));
        drop(first);
        assert!(repeats.claim(name("k"), 7).expect("no problem").is_ok());
    }

    #[test]
    fn what_may_go_well_the_next_time_is_not_kept() {
        for (status, kept) in [(201, 1), (202, 1), (404, 1), (422, 1), (401, 0), (429, 0), (503, 0)]
        {
            let repeats = Repeats::default();
            perform(&repeats, "k", status);
            assert_eq!(repeats.lock().answers.len(), kept, "{status}");
        }
    }

    #[test]
    fn the_oldest_answers_go_first() {
        let repeats = Repeats::default();
        for index in 0..limits::REPEATS_MAX {
            perform(&repeats, &index.to_string(), 201);
        }
        perform(&repeats, "one more", 201);
        let kept = repeats.lock();
        assert_eq!(
            (kept.answers.len(), kept.done.len()),
            (limits::REPEATS_MAX, limits::REPEATS_MAX)
        );
        assert!(!kept.answers.contains_key(&name("0")) && kept.answers.contains_key(&name("1")));
        drop(kept);
        repeats.lock().forget_old(Instant::now() + limits::REPEAT_TIME_MAX);
        assert!(repeats.lock().answers.is_empty());
    }

    #[test]
    fn a_key_is_short_and_visible() {
        let read = |value: &[u8]| {
            let value = HeaderValue::from_bytes(value).unwrap();
            key(&HeaderMap::from_iter([(KEY, value)])).unwrap().is_ok()
        };
        assert!(key(&HeaderMap::new()).is_none());
        assert!(read(b"a-1") && read(&[b'k'; limits::REPEAT_KEY_BYTES_MAX]));
        assert!(!read(b"") && !read(b"\xff") && !read(&[b'k'; limits::REPEAT_KEY_BYTES_MAX + 1]));
    }
}
