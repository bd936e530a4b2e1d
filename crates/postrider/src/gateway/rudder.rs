//! RudderStack's dialect: what each request means and how it is answered.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use domain::event::fields::Stamp;
use domain::event::intake::{self, Intake, Rejection, Shape};
use domain::event::{EventKind, pixel};
use domain::limits;
use domain::reason::Reason;
use domain::time::Timestamp;
use http::header::EXPECT;
use http::request::Parts;
use http::{HeaderMap, Method, Request, StatusCode};
use hyper::body::Incoming;
use storage::{RejectionRecord, StorageError};

use super::answer::{self, Answer};
use super::body::{self, Encoding};
use super::cors;
use super::desk::Desk;
use super::key_ring::{KeyHolder, KeyRing, header_key, query_key};
use super::recent::Calls;
use super::route::{Route, route};
use super::{GatewaySettings, Mixed, Needs, address, source_config};
use crate::clock;
use crate::version;

/// The gateway as one thread sees it.
pub struct Rudder {
    needs: Needs,
    keys: KeyRing,
    desk: Desk,
}

/// Where a call may carry its write key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum KeyPlace {
    /// In a header, else in the query, else in the body.
    Anywhere,
    /// In the query.
    Query,
}

/// Who sends a body.
struct Sender<'h> {
    headers: &'h HeaderMap,
    peer: IpAddr,
    received_at: Timestamp,
    holder: KeyHolder,
}

/// A refusal on its way to caller and ledger.
struct Refused {
    holder: Option<KeyHolder>,
    rejections: Vec<Rejection>,
}

impl Rudder {
    /// A gateway for one thread.
    pub fn new(needs: Needs) -> Self {
        let keys = KeyRing::new(needs.store.catalog.watch());
        let desk = Desk::new(&needs);
        Self { needs, keys, desk }
    }

    /// What is taken.
    pub fn settings(&self) -> &GatewaySettings {
        &self.needs.settings
    }

    /// The desk, which somebody has to run.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Counts a request that could not even be read.
    pub fn count_refusal(&self) {
        self.needs.gauges.rejected.fetch_add(1, Relaxed);
    }

    /// Answers one request.
    ///
    /// # Cancellation
    /// Nothing of the request is stored, or all of it.
    pub async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Answer {
        if request.method() == Method::OPTIONS {
            return cors::preflight(request.headers());
        }
        let origin = cors::origin(request.headers());
        let mut answer = self.answer_call(request, peer).await;
        cors::expose(&mut answer, origin);
        answer
    }

    async fn answer_call(&self, request: Request<Incoming>, peer: IpAddr) -> Answer {
        match route(request.method(), request.uri().path()) {
            Route::Events(shape) => {
                match self.take(request, shape, KeyPlace::Anywhere, peer).await {
                    Ok(()) => answer::ok(),
                    Err(refused) => answer::refusal(self.note_refusal(refused)),
                }
            }
            Route::Beacon => match self.take(request, Shape::Batch, KeyPlace::Query, peer).await {
                Ok(()) => answer::ok(),
                Err(refused) => match self.note_refusal(refused) {
                    Reason::MissingKey => answer::no_query_key(),
                    reason => answer::refusal(reason),
                },
            },
            Route::Pixel(kind) => {
                if let Err(refused) = self.take_pixel(&request, kind, peer).await {
                    self.note_refusal(refused);
                }
                answer::pixel()
            }
            Route::SourceConfig => self.source_config(&request),
            Route::SegmentSettings(key) => self.segment_settings(key),
            Route::Health => self.health(),
            Route::Version => answer::json(StatusCode::OK, version::json()),
            Route::Robots => answer::text("User-agent: * \nDisallow: / \n"),
            Route::WrongMethod(allowed) => answer::wrong_method(allowed),
            Route::Unknown => answer::empty(StatusCode::NOT_FOUND),
        }
    }

    async fn take(
        &self,
        request: Request<Incoming>,
        shape: Shape,
        place: KeyPlace,
        peer: IpAddr,
    ) -> Result<(), Refused> {
        let (head, body) = request.into_parts();
        let settings = &self.needs.settings;
        let (known, encoding) = match self.admit(&head, place) {
            Ok(admitted) => admitted,
            Err(refused) => {
                // Who asks before sending a body is not asked for one that is refused.
                if !head.headers.contains_key(EXPECT) {
                    body::drain(body, settings.body_timeout).await;
                }
                return Err(refused);
            }
        };
        let received_at = clock::now();
        let bounds =
            body::Bounds { bytes_max: settings.request_bytes_max, time_max: settings.body_timeout };
        let mut share = self.needs.budget.share();
        let read = body::read(body, encoding, bounds, &mut share).await;
        let body = read.map_err(|refusal| Refused::of(refusal).by(known.as_ref()))?;
        let holder = match known {
            Some(holder) => holder,
            None => self.authenticate(intake::write_key(&body))?,
        };
        self.take_body(&body, shape, Sender { headers: &head.headers, peer, received_at, holder })
            .await
    }

    async fn take_pixel(
        &self,
        request: &Request<Incoming>,
        kind: EventKind,
        peer: IpAddr,
    ) -> Result<(), Refused> {
        let received_at = clock::now();
        let query = request.uri().query();
        let holder = self.authenticate(query_key(query))?;
        let body = pixel::body(query.unwrap_or_default(), kind, received_at);
        let body = body.map_err(|refusal| Refused::of(refusal).by(Some(&holder)))?;
        let sender = Sender { headers: request.headers(), peer, received_at, holder };
        self.take_body(&Bytes::from(body), Shape::Single(kind), sender).await
    }

    /// Stores what a body holds.
    async fn take_body(
        &self,
        body: &Bytes,
        shape: Shape,
        sender: Sender<'_>,
    ) -> Result<(), Refused> {
        let Sender { headers, peer, received_at, holder } = sender;
        let settings = &self.needs.settings;
        let client = address::client(peer, headers, &settings.trusted_proxies);
        let client_ip = client.address.to_string();
        let mut fresh_id = clock::random_bytes;
        let mut stamp = Stamp::new(&holder.source, received_at, &client_ip, &mut fresh_id);
        stamp.client_is_trusted = client.is_trusted;
        stamp.event_bytes_max = settings.event_bytes_max;
        stamp.message_seed = self.needs.recent.seed();
        let intake = self.read(body, shape, &mut stamp);
        let intake = intake.map_err(|refused| refused.by(Some(&holder)))?;
        self.store(intake, &holder).await
    }

    fn read(&self, body: &Bytes, shape: Shape, stamp: &mut Stamp<'_>) -> Result<Intake, Refused> {
        let refused = |rejections| Refused { holder: None, rejections };
        let intake = intake::read(body, shape, stamp).map_err(|one| refused(vec![one]))?;
        let strict = self.needs.settings.mixed == Mixed::RejectAll;
        if intake.events.is_empty() || (strict && !intake.rejections.is_empty()) {
            return Err(refused(intake.rejections));
        }
        Ok(intake)
    }

    /// Stores what is good and keeps what is bad for people to see.
    async fn store(&self, mut intake: Intake, holder: &KeyHolder) -> Result<(), Refused> {
        let calls = self.drop_resends(&mut intake, holder);
        if !intake.events.is_empty() {
            let storing = self.desk.store(intake.events, calls);
            let stored = match tokio::time::timeout(limits::STORE_TIME_MAX, storing).await {
                Ok(stored) => stored.map_err(|error| storage_reason(&error)),
                Err(_) => Err((Reason::StoreTimeout, "storage did not answer in time".to_owned())),
            };
            stored.map_err(|refusal| Refused::of(refusal).by(Some(holder)))?;
        }
        if !intake.rejections.is_empty() {
            self.note(Some(holder), intake.rejections);
        }
        Ok(())
    }

    /// Takes out what is stored already, or stands twice in the request; answers the calls left.
    fn drop_resends(&self, intake: &mut Intake, holder: &KeyHolder) -> Calls {
        let recent = &self.needs.recent;
        let mut calls = Calls::new();
        let mut seen = HashSet::new();
        let several = intake.events.len() > 1;
        let before = intake.events.len();
        let mut hashes = std::mem::take(&mut intake.calls).into_iter();
        intake.events.retain(|_| {
            let Some(hash) = hashes.next().flatten() else { return true };
            let call = recent.call(&holder.source, hash);
            let is_new = !recent.knows(call) && (!several || seen.insert(call));
            if is_new {
                calls.push(call);
            }
            is_new
        });
        let dropped = before - intake.events.len();
        self.needs.gauges.duplicates.fetch_add(dropped as u64, Relaxed);
        calls
    }

    /// Decides what the head alone can decide. Without a key in it, the body may still hold one.
    fn admit(
        &self,
        head: &Parts,
        place: KeyPlace,
    ) -> Result<(Option<KeyHolder>, Encoding), Refused> {
        let in_query = || query_key(head.uri.query());
        let known = match place {
            KeyPlace::Query => Some(self.authenticate(in_query())?),
            KeyPlace::Anywhere => {
                let key = header_key(&head.headers).or_else(in_query);
                key.map(|key| self.authenticate(Some(key))).transpose()?
            }
        };
        match body::encoding(&head.headers) {
            Ok(encoding) => Ok((known, encoding)),
            Err(refusal) => Err(Refused::of(refusal).by(known.as_ref())),
        }
    }

    fn authenticate(&self, key: Option<String>) -> Result<KeyHolder, Refused> {
        let key = key.ok_or_else(Refused::without_key)?;
        let holder = self.keys.holder(&key).ok_or_else(|| Refused::of_key(&key))?;
        if !holder.enabled {
            let detail = format!("source {}", holder.source);
            return Err(Refused::of((Reason::DisabledSource, detail)).by(Some(&holder)));
        }
        Ok(holder)
    }

    fn source_config(&self, request: &Request<Incoming>) -> Answer {
        let key = header_key(request.headers()).or_else(|| query_key(request.uri().query()));
        let refused = match key {
            Some(key) => match self.keys.source(&key) {
                Some(source) => return answer::source_config(source_config::body(&source, &key)),
                None => Refused::of_key(&key),
            },
            None => Refused::without_key(),
        };
        answer::no_such_source(self.note_refusal(refused))
    }

    fn segment_settings(&self, key: &str) -> Answer {
        match self.keys.holder(key) {
            Some(_) => answer::source_config(source_config::of_segment(key)),
            None => answer::no_such_source(self.note_refusal(Refused::of_key(key))),
        }
    }

    /// Keeps a refusal for people to see; returns the reason that its caller is told.
    fn note_refusal(&self, refused: Refused) -> Reason {
        let first = refused.rejections.first();
        let reason = first.map_or(Reason::NotAnEvent, |first| first.reason);
        let detail = first.map(|first| first.detail.as_str());
        tracing::debug!(reason = reason.code(), detail, "a request is refused");
        self.note(refused.holder.as_ref(), refused.rejections);
        reason
    }

    /// Keeps rejections for people to see; where the ledger is busy they are only counted.
    fn note(&self, holder: Option<&KeyHolder>, rejections: Vec<Rejection>) {
        self.needs.gauges.rejected.fetch_add(rejections.len() as u64, Relaxed);
        let at = clock::now();
        let record = |rejection: Rejection| RejectionRecord {
            at,
            source: holder.map(|holder| holder.source.clone()),
            reason: rejection.reason.code().to_owned(),
            detail: bounded(rejection.detail),
            sample: rejection.sample,
        };
        // One request must not push all others out of the list; the rest of it stays a count.
        let shown = rejections.into_iter().take(limits::REJECTIONS_PER_REQUEST_MAX);
        // Nobody waits for this: what the ledger has no room for stays a count as well.
        drop(self.needs.store.ledger.reject(shown.map(record).collect()));
    }

    /// Balancers in front send new clients elsewhere, or nowhere yet, while the server ends.
    fn health(&self) -> Answer {
        let is_ending = self.needs.shutdown.is_draining();
        let (status, server, routes) = match is_ending {
            true => (StatusCode::SERVICE_UNAVAILABLE, "ENDING", "FALSE"),
            false => (StatusCode::OK, "UP", "TRUE"),
        };
        let members = [
            ("appType", "EMBEDDED"),
            ("server", server),
            ("db", "UP"),
            ("acceptingEvents", "TRUE"),
            ("routingEvents", routes),
            ("mode", "NORMAL"),
            ("backendConfigMode", "JSON"),
            ("lastSync", ""),
            ("lastRegulationSync", ""),
        ];
        let members = members.map(|(name, value)| format!("\"{name}\":\"{value}\"")).join(",");
        answer::json(status, format!("{{{members}}}"))
    }
}

impl Refused {
    fn of((reason, detail): (Reason, String)) -> Self {
        let rejection = Rejection { reason, detail, sample: String::new() };
        Self { holder: None, rejections: vec![rejection] }
    }

    fn without_key() -> Self {
        Self::of((Reason::MissingKey, "no write key".to_owned()))
    }

    /// A refusal of a key that belongs to no source.
    fn of_key(key: &str) -> Self {
        Self::of((Reason::BadKey, format!("the write key ends with …{}", key_ending(key))))
    }

    fn by(self, holder: Option<&KeyHolder>) -> Self {
        Self { holder: holder.cloned(), ..self }
    }
}

fn bounded(mut detail: String) -> String {
    detail.truncate(detail.floor_char_boundary(limits::REJECTION_DETAIL_BYTES_MAX));
    detail
}

/// The last characters of a key that nobody knows; too few to be of use to anybody else.
fn key_ending(key: &str) -> String {
    let count = key.chars().count();
    key.chars().skip(count.saturating_sub(3).max(count / 2)).collect()
}

fn storage_reason(error: &StorageError) -> (Reason, String) {
    let reason = match error {
        StorageError::TooLarge { .. } => Reason::TooLarge,
        error if error.passes() => Reason::StorageFull,
        StorageError::Closed => Reason::ShuttingDown,
        _ => Reason::StorageFailed,
    };
    (reason, error.to_string())
}
