//! Sending: one request of one delivery, and what its answer means.
//!
//! In come a destination's settings and a stored event; out comes an outcome, always. Deliberately
//! unknown here: which event goes next, and what is done about a failure.

mod answer;
mod connect;
mod courier;
mod excerpt;
mod failure;
mod handshake;
mod http1;
mod http2;
mod journey;
mod letter;
mod names;
mod origins;
mod outlet;
mod pool;
mod probe;
mod race;
mod room;
mod secrets;
mod shown;
mod tls;
mod trust;
#[cfg(test)]
mod spellings;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use domain::delivery::{Outcome, Trace};
use domain::destination::webhook::{AttemptStamp, Method, Plan, Target, WebhookRequest};
use domain::destination::{Destination, DestinationSettings};
use domain::limits;
use http::Uri;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};

pub use courier::Courier;
pub use journey::Begun;
pub use outlet::{Outlet, OutletSettings};
pub use probe::{Reached, probe};
pub use shown::{ShownHeader, ShownRequest};

use answer::Answer;
use excerpt::Excerpts;
use failure::{Connection, Failure};
use journey::Journey;
use letter::{Letter, Shared};
use origins::Origins;
use outlet::Origin;
use pool::Pool;
use secrets::Secrets;

/// Makes the requests of one destination.
pub struct Sender {
    plan: Plan,
    /// The configured path and query.
    asked: Uri,
    at_home: Headers,
    outlet: Rc<Outlet>,
    /// Connections to the configured origin.
    pool: Rc<Pool>,
    others: Origins,
    /// What answers may hold, as it was sent, and nobody may see.
    secrets: Secrets,
}

/// An attempt that was made.
pub struct Sent {
    /// What it meant.
    pub outcome: Outcome,
    /// What it went through.
    pub trace: Trace,
    /// When its steps began.
    pub begun: Begun,
}

/// Headers that do not differ from event to event.
struct Headers {
    with_body: Rc<Shared>,
    without: Rc<Shared>,
}

/// A request, and the connections it may use.
struct Ready {
    letter: Letter,
    pool: Rc<Pool>,
}

/// TLS towards whoever shows a certificate that the machine trusts.
///
/// # Errors
/// Where TLS cannot be set up.
pub fn machine_tls() -> Result<Arc<rustls::ClientConfig>, String> {
    tls::of_machine(&tls::machine_roots())
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
        let host = host_value(&origin)?;
        let at_home = Headers {
            with_body: shared(plan.headers(Method::Post), host.clone())?,
            without: shared(plan.headers(Method::Get), host)?,
        };
        let configured = settings.headers.iter().map(|header| header.value.base().as_str());
        let secrets = Secrets::among(configured);
        let tls = match &settings.tls {
            Some(own) => outlet.own_tls(own)?,
            None => outlet.tls(),
        };
        let pool = Pool::new(origin, tls, outlet.clone(), Excerpts::new(secrets.clone()))?;
        let others = Origins::default();
        Ok(Self { plan, asked, at_home, outlet, pool, others, secrets })
    }

    /// Makes one attempt: a head that comes within the time allowed decides, whatever comes of the
    /// answer's body.
    ///
    /// # Cancellation
    /// Dropping it closes the connection; the endpoint may have taken the event.
    pub async fn send(&self, payload: &Bytes, stamp: AttemptStamp) -> Sent {
        let journey = Journey::default();
        let limit = self.outlet.settings().timeout;
        let attempt = tokio::time::timeout(limit, self.attempt(payload, stamp, &journey)).await;
        match attempt {
            Ok(Ok((answer, pool))) => {
                let (outcome, excerpt) = answer.judge(&pool).await;
                journey.end(outcome, Some(excerpt))
            }
            Ok(Err(failure)) => journey.end(failure.outcome(), None),
            Err(_) => {
                let outcome = Failure::late(journey.step(), limit).outcome();
                journey.end(outcome, None)
            }
        }
    }

    /// The request that an attempt with this stamp makes, fit to be shown; nothing is sent.
    ///
    /// # Errors
    /// What the attempt comes to where there can be no request for the event.
    pub fn show(&self, payload: &Bytes, stamp: AttemptStamp) -> Result<ShownRequest, Outcome> {
        let Ready { letter, pool } = self.request(payload, stamp).map_err(Failure::outcome)?;
        Ok(shown::shown(&letter, pool.origin(), &self.secrets))
    }

    /// Sends the request until an answer begins: once, or twice where the first connection turns
    /// out to have been over, or the endpoint says that it has not looked at the request.
    async fn attempt(
        &self,
        payload: &Bytes,
        stamp: AttemptStamp,
        journey: &Journey,
    ) -> Result<(Answer, Rc<Pool>), Failure> {
        let Ready { letter, pool } = self.request(payload, stamp)?;
        let (lease, connection) = match pool.kept(Instant::now()).await {
            Ok(lease) => (lease, Connection::Kept),
            Err(place) => (pool.made(place, journey).await?, Connection::Fresh),
        };
        match pool.ask(lease, &letter, journey).await {
            Ok(answer) => Ok((answer, pool)),
            Err(failure) if failure.may_repeat(connection) => {
                let lease = pool.another(journey).await?;
                Ok((pool.ask(lease, &letter, journey).await?, pool))
            }
            Err(failure) => Err(failure),
        }
    }

    fn request(&self, payload: &Bytes, stamp: AttemptStamp) -> Result<Ready, Failure> {
        let parts = self.plan.request(payload, stamp).map_err(Failure::unsendable)?;
        let WebhookRequest { method, elsewhere, asked, headers: own, body } = parts;
        let (pool, shared) = match elsewhere {
            None => (self.pool.clone(), self.at_home.of_method(method).clone()),
            Some(url) => self.elsewhere(&url, method)?,
        };
        let own = own_headers(own)?;
        let asked = match asked {
            Cow::Borrowed(_) => self.asked.clone(),
            Cow::Owned(asked) => {
                Uri::try_from(asked).map_err(|why| Failure::bad_part("path and query", &why))?
            }
        };
        let letter = Letter { method: http_method(method), asked, shared, own, body };
        Ok(Ready { letter, pool })
    }

    /// The connections and headers for another origin than the configured one.
    fn elsewhere(&self, url: &url::Url, method: Method) -> Result<(Rc<Pool>, Rc<Shared>), Failure> {
        let bad = |why: String| Failure::bad_part("fullPath", &why);
        let origin = Origin::of(url).map_err(bad)?;
        let host = host_value(&origin).map_err(bad)?;
        let headers = shared(self.plan.headers_elsewhere(method), host).map_err(bad)?;
        let make = |origin| {
            let excerpts = Excerpts::new(self.secrets.clone());
            Pool::new(origin, self.outlet.tls(), self.outlet.clone(), excerpts)
        };
        Ok((self.others.pool(origin, make).map_err(bad)?, headers))
    }
}

impl Headers {
    fn of_method(&self, method: Method) -> &Rc<Shared> {
        if method.has_body() { &self.with_body } else { &self.without }
    }
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

/// Headers that a request has of its own.
fn own_headers(list: Vec<(String, String)>) -> Result<HeaderMap, Failure> {
    // A map of headers bears no number of names, least of all of chosen ones.
    if list.len() > limits::OWN_HEADERS_MAX {
        let most = limits::OWN_HEADERS_MAX;
        return Err(Failure::bad_part("header", &format!("more than {most} headers")));
    }
    let mut headers = HeaderMap::new();
    for (name, value) in list {
        let bad = |why: &dyn std::fmt::Display| Failure::bad_part(&name, why);
        let parsed = HeaderName::try_from(&name).map_err(|error| bad(&error))?;
        let value = HeaderValue::try_from(value).map_err(|error| bad(&error))?;
        headers.try_insert(parsed, value).map_err(|error| bad(&error))?;
    }
    Ok(headers)
}

/// Headers that do not differ from event to event, with the host they go to.
fn shared(list: Vec<(String, String)>, host: HeaderValue) -> Result<Rc<Shared>, String> {
    let mut headers = header_map(list)?;
    headers.insert(HOST, host);
    Ok(Rc::new(headers.into()))
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
