//! What an attempt meant: a value, never an error.

use std::time::Duration;

use crate::event::timestamp;
use crate::limits;
use crate::reason::Reason;
use crate::time::Timestamp;

/// What an attempt meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Whose fault, and whether another try can help.
    pub verdict: Verdict,
    /// The endpoint's status; 0 where none came.
    pub status: u16,
    /// Not to be tried again before this.
    pub retry_after: Option<RetryAfter>,
    /// What exactly, for people; empty for a success.
    pub detail: String,
}

/// When an endpoint wants to be asked again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RetryAfter {
    /// After so long.
    Span(Duration),
    /// At this time of day.
    At(Timestamp),
}

impl RetryAfter {
    /// The wait from `now` on, within its bounds.
    pub fn wait(self, now: Timestamp) -> Duration {
        let span = match self {
            Self::Span(span) => span,
            Self::At(at) => at.since(now),
        };
        span.clamp(Duration::from_secs(1), Duration::from_secs(limits::RETRY_AFTER_SECONDS_MAX))
    }
}

/// Whose fault, and whether another try can help.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The endpoint took the event.
    Taken,
    /// Another try may succeed.
    Transient(Reason),
    /// Another try of the same would fail the same.
    Permanent(Reason),
}

impl Outcome {
    /// The outcome of an answer, from its status and the headers that matter.
    pub fn of_answer(status: u16, retry_after: Option<&str>, location: Option<&str>) -> Self {
        let verdict = verdict_of(status);
        let detail = match (verdict, location) {
            (Verdict::Taken, _) => String::new(),
            (_, Some(location)) => bounded(format!("status {status}, Location: {location}")),
            _ => format!("status {status}"),
        };
        let retry_after = retry_after.and_then(read);
        Self { verdict, status, retry_after, detail }
    }

    /// The outcome where no answer came, worth another try.
    pub fn transient(reason: Reason, detail: String) -> Self {
        let verdict = Verdict::Transient(reason);
        Self { verdict, status: 0, retry_after: None, detail: bounded(detail) }
    }

    /// The outcome where no request could be made, and never can.
    pub fn permanent(reason: Reason, detail: String) -> Self {
        let verdict = Verdict::Permanent(reason);
        Self { verdict, status: 0, retry_after: None, detail: bounded(detail) }
    }

    /// The reason; none for a success.
    pub fn reason(&self) -> Option<Reason> {
        match self.verdict {
            Verdict::Taken => None,
            Verdict::Transient(reason) | Verdict::Permanent(reason) => Some(reason),
        }
    }
}

fn verdict_of(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Taken,
        425 | 429 => Verdict::Transient(Reason::Throttled),
        408 => Verdict::Transient(Reason::Timeout),
        500..=599 => Verdict::Transient(Reason::ServerError),
        300..=399 => Verdict::Permanent(Reason::Redirect),
        400..=499 => Verdict::Permanent(Reason::ClientError),
        _ => Verdict::Transient(Reason::BadStatus),
    }
}

/// Whole seconds or a date of a `Retry-After`; other spellings are ignored.
fn read(text: &str) -> Option<RetryAfter> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(|seconds| RetryAfter::Span(Duration::from_secs(seconds)));
    }
    // Dates begin with the day of the week; a bare number with a sign or a dot is no date.
    let date = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let time = date.then(|| timestamp::parse(text)).flatten()?;
    Some(RetryAfter::At(time.timestamp()))
}

fn bounded(mut detail: String) -> String {
    detail.truncate(detail.floor_char_boundary(limits::ATTEMPT_DETAIL_BYTES_MAX));
    detail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_verdict() {
        let check = |status, want| assert_eq!(verdict_of(status), want, "{status}");
        for status in [200, 201, 202, 204, 299] {
            check(status, Verdict::Taken);
        }
        for status in [301, 302, 303, 307, 308] {
            check(status, Verdict::Permanent(Reason::Redirect));
        }
        for status in [400, 401, 403, 404, 409, 410, 413, 422] {
            check(status, Verdict::Permanent(Reason::ClientError));
        }
        for status in [500, 502, 503, 504, 599] {
            check(status, Verdict::Transient(Reason::ServerError));
        }
        check(408, Verdict::Transient(Reason::Timeout));
        check(425, Verdict::Transient(Reason::Throttled));
        check(429, Verdict::Transient(Reason::Throttled));
        for status in [0, 101, 199, 600, 999] {
            check(status, Verdict::Transient(Reason::BadStatus));
        }
    }

    #[test]
    fn retry_after_is_read_within_bounds() {
        // 2026-11-25T00:00:00.000Z
        let now = Timestamp(1_795_564_800_000);
        let check = |text, want: Option<u64>| {
            let got = read(text).map(|after| after.wait(now));
            assert_eq!(got, want.map(Duration::from_secs), "{text}");
        };
        check("120", Some(120));
        check("0", Some(1));
        check("999999999", Some(3_600));
        check("Wed, 25 Nov 2026 00:02:00 GMT", Some(120));
        check("Tue, 24 Nov 2026 00:02:00 GMT", Some(1));
        check("Fri, 25 Nov 2033 00:02:00 GMT", Some(3_600));
        for odd in ["-1", "abc", "", "1.5", "99999999999999999999999"] {
            check(odd, None);
        }
    }

    #[test]
    fn details_are_bounded_and_name_a_redirects_target() {
        let outcome = Outcome::of_answer(302, None, Some("https://elsewhere.test/"));
        assert_eq!(outcome.detail, "status 302, Location: https://elsewhere.test/");
        let long = Outcome::transient(Reason::Reset, "é".repeat(1_000));
        assert!(long.detail.len() <= limits::ATTEMPT_DETAIL_BYTES_MAX);
    }
}
