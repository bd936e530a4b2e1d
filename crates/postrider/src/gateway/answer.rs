//! Answers: status and text for every reason. SDKs match some of these texts, so they are protocol.

use std::time::Duration;

use bytes::Bytes;
use domain::reason::Reason;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};

/// What the gateway answers with.
pub type Answer = Response<Bytes>;

/// Names the exact reason, next to the text that SDKs expect.
const REASON: HeaderName = HeaderName::from_static("postrider-reason");
/// The status of most refusals.
const BAD: StatusCode = StatusCode::BAD_REQUEST;
/// One transparent point.
const GIF: &[u8; 43] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00\
    ,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The events are on disk.
pub fn ok() -> Answer {
    let mut answer = Response::new(Bytes::from_static(b"ok"));
    answer.headers_mut().insert(CONTENT_TYPE, TEXT);
    answer
}

const TOO_LARGE: (StatusCode, &[u8]) =
    (StatusCode::PAYLOAD_TOO_LARGE, b"request size exceeds max limit\n");
const HEAD_TOO_LARGE: (StatusCode, &[u8]) =
    (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, b"request header fields too large\n");
const UNSUPPORTED: (StatusCode, &[u8]) =
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, b"unsupported content encoding\n");
const NO_ROOM: (StatusCode, &[u8]) = (StatusCode::SERVICE_UNAVAILABLE, b"service unavailable\n");

/// Status and text for a reason.
fn words(reason: Reason) -> (StatusCode, &'static [u8]) {
    match reason {
        Reason::MissingKey => (StatusCode::UNAUTHORIZED, b"failed to read writekey from header\n"),
        Reason::BadKey | Reason::ExpiredKey => (StatusCode::UNAUTHORIZED, b"invalid write key\n"),
        Reason::ForbiddenOrigin => (StatusCode::FORBIDDEN, b"origin is not allowed\n"),
        Reason::RateLimited => (StatusCode::TOO_MANY_REQUESTS, b"max requests limit reached\n"),
        Reason::DisabledSource => (StatusCode::NOT_FOUND, b"source is disabled\n"),
        Reason::NotAnEvent => (BAD, b"event is not a valid rudder event\n"),
        Reason::EmptyBatch => (BAD, b"empty batch payload\n"),
        Reason::MissingId => (BAD, b"request neither has anonymousId nor userId\n"),
        Reason::TooLarge | Reason::BatchTooLong => TOO_LARGE,
        Reason::BadGzip | Reason::BodyCut => (BAD, b"failed to read body from request\n"),
        Reason::BadEncoding => UNSUPPORTED,
        Reason::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, b"failed to read body from request\n"),
        Reason::Busy | Reason::StorageFull | Reason::StorageFailed | Reason::ShuttingDown => {
            NO_ROOM
        }
        Reason::BadHead | Reason::BadFraming | Reason::BadHost | Reason::BadTarget => {
            (BAD, b"bad request\n")
        }
        Reason::HeadTooLarge => HEAD_TOO_LARGE,
        Reason::TargetTooLong => (StatusCode::URI_TOO_LONG, b"request target too long\n"),
        Reason::StoreTimeout => (StatusCode::GATEWAY_TIMEOUT, b"gateway timeout\n"),
        Reason::BadJson | Reason::TooDeep | Reason::TooManyKeys => (BAD, b"invalid json\n"),
        Reason::NeedsTls => (BAD, b"plain HTTP was sent to a port that speaks HTTPS\n"),
        // Of deliveries; no request is refused for these.
        Reason::DnsFailed
        | Reason::DnsTimeout
        | Reason::BlockedAddress
        | Reason::ConnectRefused
        | Reason::ConnectTimeout
        | Reason::Unreachable
        | Reason::NoConnection
        | Reason::TlsExpired
        | Reason::TlsNotYetValid
        | Reason::TlsWrongName
        | Reason::TlsUnknownIssuer
        | Reason::TlsSelfSigned
        | Reason::TlsBadCertificate
        | Reason::TlsClientCertificateWanted
        | Reason::TlsClientCertificateRefused
        | Reason::TlsTooOld
        | Reason::NotTls
        | Reason::TlsReset
        | Reason::TlsTimeout
        | Reason::TlsFailed
        | Reason::Timeout
        | Reason::Reset
        | Reason::BadResponse
        | Reason::HeaderTooLarge
        | Reason::BadRequest
        | Reason::DynamicUrlRefused
        | Reason::Redirect
        | Reason::ClientError
        | Reason::Throttled
        | Reason::ServerError
        | Reason::BadStatus
        | Reason::Trimmed
        | Reason::Quarantined
        | Reason::Skipped
        | Reason::FilteredIntegrations
        | Reason::FilteredConsent
        | Reason::FilteredType
        | Reason::FilteredEvent
        | Reason::FilteredCondition
        | Reason::FilteredSample
        | Reason::DestinationDisabled
        | Reason::DestinationRemoved
        | Reason::RemovedForGood
        | Reason::AlreadyDelivered
        | Reason::StillOpen => (StatusCode::INTERNAL_SERVER_ERROR, b"internal server error\n"),
    }
}

/// The refusal for a reason.
pub fn refusal(reason: Reason) -> Answer {
    let (status, text) = words(reason);
    refusal_as(reason, status, text)
}

/// The refusal where a source may send nothing for a while.
pub fn rate_limited(wait: Duration) -> Answer {
    let mut answer = refusal(Reason::RateLimited);
    let seconds = wait.as_nanos().div_ceil(1_000_000_000).max(1);
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    answer
}

/// The refusal where the key is missing in a call that takes it from its query only.
pub fn no_query_key() -> Answer {
    let text = b"failed to read writekey from query params\n";
    refusal_as(Reason::MissingKey, StatusCode::UNAUTHORIZED, text)
}

/// The refusal where an SDK asks about its source. Mobile SDKs look for this text and status; to a
/// 401 they would only ask again.
pub fn no_such_source(reason: Reason) -> Answer {
    refusal_as(reason, StatusCode::BAD_REQUEST, b"Invalid write key\n")
}

/// The answer to plain HTTP where TLS is spoken.
pub fn needs_tls() -> Answer {
    refusal(Reason::NeedsTls)
}

fn refusal_as(reason: Reason, status: StatusCode, text: &'static [u8]) -> Answer {
    let mut answer = Response::new(Bytes::from_static(text));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, TEXT);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REASON, HeaderValue::from_static(reason.code()));
    if status.is_server_error() {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}

/// Another method than these is wanted.
pub fn wrong_method(allowed: &'static str) -> Answer {
    let mut answer = empty(StatusCode::METHOD_NOT_ALLOWED);
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    answer
}

/// A JSON answer with a status.
pub fn json(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Bytes::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    answer
}

/// The image of a pixel, whatever became of its event: mails must not show a broken one.
pub fn pixel() -> Answer {
    let mut answer = Response::new(Bytes::from_static(GIF));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("image/gif"));
    answer
}

/// An answer with what an SDK asked of its source. No cache may keep it for others: it depends on
/// the key, which mobile SDKs send in a header only.
pub fn source_config(body: String) -> Answer {
    let mut answer = json(StatusCode::OK, body);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=60"));
    answer
}

/// An answer with public keys, which anybody may keep for a minute.
pub fn webhook_keys(body: String) -> Answer {
    let mut answer = json(StatusCode::OK, body);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    answer
}

/// A text answer.
pub fn text(body: &'static str) -> Answer {
    let mut answer = Response::new(Bytes::from_static(body.as_bytes()));
    answer.headers_mut().insert(CONTENT_TYPE, TEXT);
    answer
}
