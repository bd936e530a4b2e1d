//! Sending: one request of one delivery, and what its answer means.
//!
//! In come a destination's settings and a stored event; out comes an outcome, always. Deliberately
//! unknown here: which event goes next, and what is done about a failure.

mod connect;
mod failure;
mod origins;
mod outlet;
mod pool;
mod tls;

use std::borrow::Cow;
use std::rc::Rc;

use bytes::Bytes;
use domain::delivery::{Outcome, Trace};
use domain::destination::webhook::{AttemptStamp, Method, Plan, Target, WebhookRequest};
use domain::destination::{Destination, DestinationSettings};
use domain::limits;
use domain::reason::Reason;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;

pub use outlet::{Outlet, OutletSettings};

use failure::Failure;
use origins::Origins;
use outlet::Origin;
use pool::{Lease, Pool};

/// Makes the requests of one destination.
pub struct Sender {
    plan: Plan,
    /// The configured path and query.
    asked: Uri,
    at_home: Headers,
    elsewhere: Headers,
    outlet: Rc<Outlet>,
    /// Connections to the configured origin.
    pool: Rc<Pool>,
    others: Origins,
}

/// An attempt that was made.
pub struct Sent {
    /// What it meant.
    pub outcome: Outcome,
    /// What it went through.
    pub trace: Trace,
}

/// Headers that do not differ from event to event.
struct Headers {
    with_body: HeaderMap,
    without: HeaderMap,
}

/// A request, and the connections it may use.
struct Ready {
    request: Request<Full<Bytes>>,
    pool: Rc<Pool>,
}

/// An answer's head, and the connection its body comes on.
struct Answered {
    answer: Response<Incoming>,
    lease: Lease,
    pool: Rc<Pool>,
}

impl Sender {
    /// Prepares everything that does not differ from event to event.
    ///
    /// # Errors
    /// Why the settings cannot be used.
    pub fn new(destination: &Destination, outlet: Rc<Outlet>) -> Result<Self, String> {
        let DestinationSettings::Webhook(settings) = &destination.settings;
        let plan = Plan::new(settings)?;
        let origin = match settings.target()? {
            Target::Endpoint(url) => Origin::of(&url)?,
            Target::Playground(_) => outlet.playground(),
        };
        let asked = Uri::try_from(plan.asked()).map_err(|error| format!("webhookUrl: {error}"))?;
        let mut at_home = Headers::of(|method| plan.headers(method))?;
        let host = host_value(&origin)?;
        at_home.with_body.insert(HOST, host.clone());
        at_home.without.insert(HOST, host);
        let elsewhere = Headers::of(|method| plan.headers_elsewhere(method))?;
        let pool = Rc::new(Pool::new(origin));
        let others = Origins::default();
        Ok(Self { plan, asked, at_home, elsewhere, outlet, pool, others })
    }

    /// Makes one attempt: a head that comes within the time allowed decides, whatever comes of the
    /// answer's body.
    ///
    /// # Cancellation
    /// Dropping it closes the connection; the endpoint may have taken the event.
    pub async fn send(&self, payload: &Bytes, stamp: AttemptStamp) -> Sent {
        let attempt = self.attempt(payload, stamp);
        let outcome = match tokio::time::timeout(self.outlet.settings().timeout, attempt).await {
            Ok(Ok(answered)) => judge(answered).await,
            Ok(Err(failure)) => failure.outcome(),
            Err(_) => {
                let seconds = self.outlet.settings().timeout.as_secs_f64();
                Outcome::transient(Reason::Timeout, format!("no answer within {seconds} s"))
            }
        };
        Sent { outcome, trace: Trace::default() }
    }

    async fn attempt(&self, payload: &Bytes, stamp: AttemptStamp) -> Result<Answered, Failure> {
        let Ready { request, pool } = self.request(payload, stamp)?;
        let mut request = Some(request);
        // A kept connection may have been closed by the endpoint just now; where no byte of an
        // answer came, the same attempt goes on with a fresh one.
        if let Some(mut lease) = pool.idle() {
            match lease.send(&mut request).await {
                Ok(answer) => return Ok(Answered { answer, lease, pool }),
                Err(failure) if failure.is_stale_connection() => {
                    if request.is_none() {
                        request = Some(self.request(payload, stamp)?.request);
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        let mut lease = pool.connect(&self.outlet).await?;
        let answer = lease.send(&mut request).await?;
        Ok(Answered { answer, lease, pool })
    }

    fn request(&self, payload: &Bytes, stamp: AttemptStamp) -> Result<Ready, Failure> {
        let parts = self.plan.request(payload, stamp).map_err(Failure::unsendable)?;
        let WebhookRequest { method, elsewhere, asked, headers: own, body } = parts;
        let (pool, mut headers) = match elsewhere {
            None => (self.pool.clone(), self.at_home.of_method(method).clone()),
            Some(url) => self.elsewhere(&url, method)?,
        };
        for (name, value) in own {
            let bad = |why: &dyn std::fmt::Display| Failure::bad_part(&name, why);
            let parsed = HeaderName::try_from(&name).map_err(|error| bad(&error))?;
            let value = HeaderValue::try_from(value).map_err(|error| bad(&error))?;
            headers.try_insert(parsed, value).map_err(|error| bad(&error))?;
        }
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http_method(method);
        *request.uri_mut() = match asked {
            Cow::Borrowed(_) => self.asked.clone(),
            Cow::Owned(asked) => {
                Uri::try_from(asked).map_err(|why| Failure::bad_part("path and query", &why))?
            }
        };
        *request.headers_mut() = headers;
        Ok(Ready { request, pool })
    }

    /// The connections and headers for another origin than the configured one.
    fn elsewhere(&self, url: &url::Url, method: Method) -> Result<(Rc<Pool>, HeaderMap), Failure> {
        let bad = |why: String| Failure::bad_part("fullPath", &why);
        let origin = Origin::of(url).map_err(bad)?;
        let mut headers = self.elsewhere.of_method(method).clone();
        headers.insert(HOST, host_value(&origin).map_err(bad)?);
        Ok((self.others.pool(origin), headers))
    }
}

impl Headers {
    fn of(headers: impl Fn(Method) -> Vec<(String, String)>) -> Result<Self, String> {
        let with_body = header_map(headers(Method::Post))?;
        Ok(Self { with_body, without: header_map(headers(Method::Get))? })
    }

    fn of_method(&self, method: Method) -> &HeaderMap {
        if method.has_body() { &self.with_body } else { &self.without }
    }
}

/// What an answer means; its connection is kept where the body ends in good time.
async fn judge(Answered { answer, lease, pool }: Answered) -> Outcome {
    let (head, body) = answer.into_parts();
    let text = |name| head.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let outcome = Outcome::of_answer(head.status.as_u16(), text(RETRY_AFTER), text(LOCATION));
    if drained(body).await {
        pool.put_back(lease);
    }
    outcome
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

fn http_method(method: Method) -> http::Method {
    match method {
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Get => http::Method::GET,
        Method::Delete => http::Method::DELETE,
    }
}

fn host_value(origin: &Origin) -> Result<HeaderValue, String> {
    HeaderValue::from_str(&origin.host_header()).map_err(|error| format!("host: {error}"))
}

fn header_map(list: Vec<(String, String)>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in list {
        let parsed = HeaderName::try_from(&name).map_err(|error| format!("header: {error}"))?;
        let mut value =
            HeaderValue::try_from(value).map_err(|error| format!("header {name}: {error}"))?;
        value.set_sensitive(true);
        headers.insert(parsed, value);
    }
    Ok(headers)
}
