//! Sending: one request of one delivery, and what its answer means.
//!
//! In come a destination's settings and a stored event; out comes an outcome, always. Deliberately
//! unknown here: which event goes next, and what is done about a failure.

mod connect;
mod failure;
mod outlet;
mod pool;
mod tls;

use std::rc::Rc;

use bytes::Bytes;
use domain::delivery::Outcome;
use domain::destination::webhook::{self, Target, WebhookSettings};
use domain::destination::{Destination, DestinationSettings};
use domain::limits;
use domain::reason::Reason;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use http::{Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

pub use outlet::{Outlet, OutletSettings};

use failure::Failure;
use pool::{Lease, Pool};

/// Makes the requests of one destination.
pub struct Sender {
    settings: WebhookSettings,
    method: Method,
    path_and_query: String,
    headers: HeaderMap,
    outlet: Rc<Outlet>,
    pool: Pool,
}

impl Sender {
    /// Prepares everything that does not differ from event to event.
    ///
    /// # Errors
    /// Why the settings cannot be used.
    pub fn new(destination: &Destination, outlet: Rc<Outlet>) -> Result<Self, String> {
        let DestinationSettings::Webhook(settings) = &destination.settings;
        let target = settings.target()?;
        let (origin, path_and_query) = match &target {
            Target::Endpoint(url) => (outlet.origin(url)?, path_and_query(&settings.url, url)),
            Target::Playground(name) => (outlet.playground(), format!("/play/{name}/in")),
        };
        let mut headers = header_map(settings)?;
        let host = HeaderValue::from_str(&origin.host_header());
        headers.insert(HOST, host.map_err(|error| format!("host: {error}"))?);
        let method = Method::from_bytes(settings.method.as_str().as_bytes())
            .map_err(|error| format!("method: {error}"))?;
        let pool = Pool::new(origin);
        Ok(Self { settings: settings.clone(), method, path_and_query, headers, outlet, pool })
    }

    /// Makes one attempt: a head that comes within the time allowed decides, whatever comes of the
    /// answer's body.
    ///
    /// # Cancellation
    /// Dropping it closes the connection; the endpoint may have taken the event.
    pub async fn send(&self, payload: &Bytes) -> Outcome {
        let attempt = self.attempt(payload);
        match tokio::time::timeout(self.outlet.settings().timeout, attempt).await {
            Ok(Ok((answer, lease))) => self.judge(answer, lease).await,
            Ok(Err(failure)) => failure.outcome(),
            Err(_) => {
                let seconds = self.outlet.settings().timeout.as_secs_f64();
                Outcome::transient(Reason::Timeout, format!("no answer within {seconds} s"))
            }
        }
    }

    async fn attempt(&self, payload: &Bytes) -> Result<(Response<Incoming>, Lease), Failure> {
        let mut request = Some(self.request(payload)?);
        // A kept connection may have been closed by the endpoint just now; where no byte of an
        // answer came, the same attempt goes on with a fresh one.
        if let Some(mut lease) = self.pool.idle() {
            match lease.send(&mut request).await {
                Ok(answer) => return Ok((answer, lease)),
                Err(failure) if failure.is_stale_connection() => {
                    if request.is_none() {
                        request = Some(self.request(payload)?);
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        let mut lease = self.pool.connect(&self.outlet).await?;
        let answer = lease.send(&mut request).await?;
        Ok((answer, lease))
    }

    fn request(&self, payload: &Bytes) -> Result<Request<Full<Bytes>>, Failure> {
        let parts =
            webhook::request(&self.settings, payload).map_err(|_| Failure::query_too_long())?;
        let path = match &parts.query {
            None => Uri::try_from(self.path_and_query.as_str()),
            Some(_) => Uri::try_from(parts.path_and_query(&self.path_and_query)),
        };
        let mut request = Request::new(Full::new(parts.body.unwrap_or_default()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = path.map_err(Failure::bad_uri)?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }

    /// What an answer means; its connection is kept where the body ends in good time.
    async fn judge(&self, answer: Response<Incoming>, lease: Lease) -> Outcome {
        let (head, body) = answer.into_parts();
        let text =
            |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let outcome = Outcome::of_answer(head.status.as_u16(), text(RETRY_AFTER), text(LOCATION));
        if drained(body).await {
            self.pool.put_back(lease);
        }
        outcome
    }
}

/// Reads a body to its end, within bounds; false where it was cut off.
async fn drained(mut body: Incoming) -> bool {
    let mut bytes = 0;
    let read = async {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > limits::ANSWER_BODY_BYTES_MAX {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(limits::ANSWER_BODY_TIME_MAX, read).await.unwrap_or(false)
}

/// The path and query of a URL byte for byte, where the parser did not have to mend them.
fn path_and_query(configured: &str, url: &url::Url) -> String {
    let after_scheme = configured.split_once("://").map_or("", |(_, rest)| rest);
    let start = after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len());
    let own = after_scheme[start..].split('#').next().unwrap_or("");
    let own = if own.starts_with('/') { own.to_owned() } else { format!("/{own}") };
    if Uri::try_from(own.as_str()).is_ok() {
        return own;
    }
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

fn header_map(settings: &WebhookSettings) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in webhook::headers(settings) {
        let parsed = HeaderName::try_from(&name).map_err(|error| format!("header: {error}"))?;
        let mut value =
            HeaderValue::try_from(value).map_err(|error| format!("header {name}: {error}"))?;
        value.set_sensitive(true);
        headers.insert(parsed, value);
    }
    Ok(headers)
}
