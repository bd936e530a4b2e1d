//! RudderStack's dialect: what each request means and how it is answered.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use domain::event::intake::{self, Intake, Rejection, Shape};
use domain::event::{EventKind, NewEvent, pixel};
use domain::limits;
use domain::reason::Reason;
use domain::source::key::ending;
use domain::source::origin;
use domain::time::Timestamp;
use http::header::{EXPECT, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use storage::RejectionRecord;

use super::answer::{self, Answer};
use super::body::{self, Body, Encoding, Workplace};
use super::budget::{Share, Standing};
use super::cors;
use super::desk::Desk;
use super::key_ring::{KeyFault, KeyHolder, KeyRing, header_key, query_key};
use super::postmark::Postmark;
use super::recent::{Claims, Recent};
use super::refused::Refused;
use super::route::{Route, route};
use super::{GatewaySettings, Mixed, Needs, source_config, webhook_keys};
use crate::address::{self, Client};
use crate::clock;
use crate::live::Cause;
use crate::spans::Arrival;
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

/// A call, without its body.
#[derive(Clone, Copy)]
struct Call<'a> {
    head: &'a Parts,
    shape: Shape,
    /// Where it may carry its write key.
    place: KeyPlace,
    peer: IpAddr,
}

/// Who sends a body.
struct Sender {
    client: Client,
    received_at: Timestamp,
    /// How the request came, where that is traced.
    arrival: Option<Arrival>,
    holder: Rc<KeyHolder>,
    /// What its request holds in memory.
    share: Share,
}

impl Rudder {
    /// A gateway for one thread.
    pub fn new(needs: Needs) -> Self {
        let keys = KeyRing::new(needs.store.catalog.watch(), needs.buckets.clone());
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

    /// A share of what heads may hold in memory.
    pub fn share_of_heads(&self, peer: IpAddr, headers: &HeaderMap) -> Share {
        let client = address::client(peer, headers, &self.needs.settings.trusted_proxies);
        self.needs.heads.share(client, Standing::Keyed)
    }

    /// Counts a request whose head is refused.
    pub fn count_refusal(&self, reason: Reason) {
        let cause = Cause { source: None, reason, about: String::new() };
        // There is nothing to show of it but its number.
        self.needs.gauges.refusals.add(cause, clock::now());
    }

    /// Answers one request.
    ///
    /// # Cancellation
    /// Nothing of the request is stored, or all of it.
    pub async fn answer(&self, head: &Parts, body: Body<'_>, peer: IpAddr) -> Answer {
        if head.method == Method::OPTIONS {
            return cors::preflight(&head.headers);
        }
        let origin = cors::origin(&head.headers);
        let mut answer = self.answer_call(head, body, peer).await;
        cors::expose(&mut answer, origin);
        answer
    }

    async fn answer_call(&self, head: &Parts, body: Body<'_>, peer: IpAddr) -> Answer {
        let call = |shape, place| Call { head, shape, place, peer };
        match route(&head.method, head.uri.path()) {
            Route::Events(shape) => match self.take(call(shape, KeyPlace::Anywhere), body).await {
                Ok(()) => answer::ok(),
                Err(refused) => self.refuse(refused),
            },
            Route::Beacon => match self.take(call(Shape::Batch, KeyPlace::Query), body).await {
                Ok(()) => answer::ok(),
                Err(refused) if refused.reason() == Reason::MissingKey => {
                    self.note_refusal(refused);
                    answer::no_query_key()
                }
                Err(refused) => self.refuse(refused),
            },
            Route::Pixel(kind) => {
                if let Err(refused) = self.take_pixel(head, kind, peer).await {
                    self.note_refusal(refused);
                }
                answer::pixel()
            }
            Route::SourceConfig => self.source_config(head),
            Route::SegmentSettings(key) => self.segment_settings(key, &head.headers),
            Route::WebhookKeys => {
                let snapshot = self.needs.store.catalog.watch().borrow().clone();
                answer::webhook_keys(webhook_keys::body(&snapshot.workspace))
            }
            Route::Health => self.health(),
            Route::Version => answer::json(StatusCode::OK, version::json()),
            Route::Robots => answer::text("User-agent: * \nDisallow: / \n"),
            Route::WrongMethod(allowed) => answer::wrong_method(allowed),
            Route::Unknown => answer::empty(StatusCode::NOT_FOUND),
        }
    }

    async fn take(&self, call: Call<'_>, body: Body<'_>) -> Result<(), Refused> {
        let Call { head, shape, place, peer } = call;
        let (received_at, arrival) = (clock::now(), self.needs.tracer.arrival(&head.headers));
        let settings = &self.needs.settings;
        let bounds = body::Bounds {
            bytes_max: settings.request_bytes_max,
            time_max: settings.body_timeout,
            grace: settings.body_grace,
        };
        let admitted = self.admit(head, place, received_at).and_then(|(known, encoding)| {
            match body::check_length(&body, bounds.bytes_max) {
                Ok(()) => Ok((known, encoding)),
                Err(refusal) => Err(Refused::of(refusal).by(known.as_ref())),
            }
        });
        let (known, encoding) = match admitted {
            Ok(admitted) => admitted,
            Err(refused) => {
                // Who asks before sending a body is not asked for one that is refused.
                if !head.headers.contains_key(EXPECT) {
                    body::drain(body, bounds).await;
                }
                return Err(refused);
            }
        };
        let client = address::client(peer, &head.headers, &settings.trusted_proxies);
        let standing = known.as_ref().map_or(Standing::Keyless, |_| Standing::Keyed);
        let mut share = self.needs.budget.share(client, standing);
        let workplace = Workplace { aside: &self.needs.aside, site: client.site() };
        let read = body::read(body, encoding, bounds, &mut share, workplace).await;
        let body = read.map_err(|refusal| Refused::of(refusal).by(known.as_ref()))?;
        let holder = match known {
            Some(holder) => holder,
            None => {
                let whole = body.clone();
                let key = workplace.work(body.len(), move || intake::write_key(&whole)).await;
                let key = key.map_err(Refused::of)?;
                self.authenticate(key, &head.headers, received_at)?
            }
        };
        let sender = Sender { client, received_at, arrival, holder, share };
        self.take_body(&body, shape, sender).await
    }

    /// Takes an event that was composed here, as if its source had sent it from there.
    ///
    /// # Errors
    /// What the source would have been told, and what was the matter.
    pub async fn take_composed(
        &self,
        key: String,
        event: &[u8],
        address: IpAddr,
    ) -> Result<(), (Reason, String)> {
        let body = Bytes::from([b"{\"batch\":[", event, b"]}"].concat());
        let (received_at, headers) = (clock::now(), HeaderMap::new());
        let arrival = self.needs.tracer.arrival(&headers);
        let client = Client { address, is_trusted: false };
        let taken = match self.authenticate(Some(key), &headers, received_at) {
            Ok(holder) => {
                let share = self.needs.budget.share(client, Standing::Keyed);
                let sender = Sender { client, received_at, arrival, holder, share };
                self.take_body(&body, Shape::Batch, sender).await
            }
            Err(refused) => Err(refused),
        };
        taken.map_err(|refused| {
            let detail = refused.rejections.first().map(|first| first.detail.clone());
            (self.note_refusal(refused), detail.unwrap_or_default())
        })
    }

    async fn take_pixel(&self, head: &Parts, kind: EventKind, peer: IpAddr) -> Result<(), Refused> {
        let (received_at, arrival) = (clock::now(), self.needs.tracer.arrival(&head.headers));
        let query = head.uri.query();
        let holder = self.authenticate(query_key(query), &head.headers, received_at)?;
        let body = pixel::body(query.unwrap_or_default(), kind, received_at);
        let body = body.map_err(|refusal| Refused::of(refusal).by(Some(&holder)))?;
        let trusted = &self.needs.settings.trusted_proxies;
        let client = address::client(peer, &head.headers, trusted);
        let share = self.needs.budget.share(client, Standing::Keyed);
        let sender = Sender { client, received_at, arrival, holder, share };
        self.take_body(&Bytes::from(body), Shape::Single(kind), sender).await
    }

    /// Stores what a body holds.
    async fn take_body(
        &self,
        body: &Bytes,
        shape: Shape,
        mut sender: Sender,
    ) -> Result<(), Refused> {
        let Sender { client, received_at, holder, .. } = &sender;
        let settings = &self.needs.settings;
        let postmark = Postmark {
            shape,
            source: holder.source.clone(),
            received_at: *received_at,
            client: *client,
            event_bytes_max: settings.event_bytes_max,
            message_seed: self.needs.recent.seed(),
        };
        let whole = body.clone();
        let workplace = Workplace { aside: &self.needs.aside, site: client.site() };
        let read = workplace.work(body.len(), move || postmark.read(&whole)).await;
        let intake = read.map_err(Refused::of).and_then(|intake| self.judge(intake));
        let intake = intake.map_err(|refused| refused.by(Some(holder)))?;
        // Small events become many times what they were sent as, and may wait for the disk.
        let held = sender.share.take(intake.bytes_len());
        held.map_err(|refusal| Refused::of(refusal).by(Some(&sender.holder)))?;
        self.store(intake, &sender).await
    }

    /// Decides whether anything of a request is stored.
    fn judge(&self, intake: Result<Intake, Rejection>) -> Result<Intake, Refused> {
        let refused = |rejections| Refused { holder: None, rejections, overdrawn: None };
        let intake = intake.map_err(|one| refused(vec![one]))?;
        let strict = self.needs.settings.mixed == Mixed::RejectAll;
        if intake.events.is_empty() || (strict && !intake.rejections.is_empty()) {
            return Err(refused(intake.rejections));
        }
        Ok(intake)
    }

    /// Stores what is good and keeps what is bad for people to see.
    async fn store(&self, mut intake: Intake, sender: &Sender) -> Result<(), Refused> {
        let holder = &sender.holder;
        let rejections = std::mem::take(&mut intake.rejections);
        let storing = self.store_new(intake, sender);
        let stored = tokio::time::timeout(limits::STORE_TIME_MAX, storing).await;
        stored.unwrap_or_else(|_| {
            let late = (Reason::StoreTimeout, "storage did not answer in time".to_owned());
            Err(Refused::of(late).by(Some(holder)))
        })?;
        self.list(self.count(Some(holder), rejections));
        Ok(())
    }

    /// Stores what is new, once what is under way with another request has ended.
    async fn store_new(&self, mut intake: Intake, sender: &Sender) -> Result<(), Refused> {
        let claims = self.claim(&mut intake, sender).await;
        if intake.events.is_empty() {
            return Ok(());
        }
        self.store_charged(intake.events, claims, sender).await
    }

    /// Stores events, which count for the rate limit of their source.
    ///
    /// # Cancellation
    /// They go on counting, as they may be stored all the same.
    async fn store_charged(
        &self,
        events: Vec<NewEvent>,
        claims: Claims<&Recent>,
        sender: &Sender,
    ) -> Result<(), Refused> {
        let holder = &sender.holder;
        let bucket = holder.bucket.as_deref();
        let taken = bucket.map(|bucket| bucket.take(events.len()).map(|taken| (bucket, taken)));
        let taken = taken.transpose().map_err(|overdrawn| Refused::of_rate(overdrawn, holder))?;
        self.desk.store(events, claims, sender.arrival).await.map_err(|error| {
            if let Some((bucket, taken)) = taken {
                // They count when they come again.
                bucket.give_back(taken);
            }
            Refused::of_storage(&error).by(Some(holder))
        })
    }

    /// Claims the calls of a request and takes out what is stored already or stands twice in it;
    /// what is under way with another request is waited for.
    ///
    /// # Cancellation
    /// Nothing stays claimed.
    async fn claim(&self, intake: &mut Intake, sender: &Sender) -> Claims<&Recent> {
        let recent = &*self.needs.recent;
        let asked = intake.calls.iter().enumerate().filter_map(|(place, hash)| {
            hash.map(|hash| (recent.call(&sender.holder.source, hash), place))
        });
        let mut claims = recent.claims();
        let known = claims.claim_all(asked.collect(), sender.received_at).await;
        if !known.is_empty() {
            self.needs.gauges.duplicates.fetch_add(known.len() as u64, Relaxed);
            let (mut known, mut place) = (known.into_iter().peekable(), 0);
            intake.events.retain(|_| {
                let is_known = known.next_if_eq(&place).is_some();
                place += 1;
                !is_known
            });
        }
        claims
    }

    /// Decides what the head alone can decide. Without a key in it, the body may still hold one.
    fn admit(
        &self,
        head: &Parts,
        place: KeyPlace,
        now: Timestamp,
    ) -> Result<(Option<Rc<KeyHolder>>, Encoding), Refused> {
        let in_query = || query_key(head.uri.query());
        let authenticate = |key| self.authenticate(key, &head.headers, now);
        let known = match place {
            KeyPlace::Query => Some(authenticate(in_query())?),
            KeyPlace::Anywhere => {
                let key = header_key(&head.headers).or_else(in_query);
                key.map(|key| authenticate(Some(key))).transpose()?
            }
        };
        match body::encoding(&head.headers) {
            Ok(encoding) => Ok((known, encoding)),
            Err(refusal) => Err(Refused::of(refusal).by(known.as_ref())),
        }
    }

    /// Says for which source a request may send events now.
    fn authenticate(
        &self,
        key: Option<String>,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Rc<KeyHolder>, Refused> {
        let holder = self.holder(&key.ok_or_else(Refused::without_key)?, now)?;
        if !holder.enabled {
            let detail = format!("source {}", holder.source);
            return Err(Refused::of((Reason::DisabledSource, detail)).by(Some(&holder)));
        }
        check_origin(&holder, headers)?;
        if self.needs.gauges.is_disk_low.load(Relaxed) {
            let detail = "the disk has less than intake.disk_free_min left".to_owned();
            return Err(Refused::of((Reason::StorageFull, detail)).by(Some(&holder)));
        }
        if let Some(bucket) = &holder.bucket {
            bucket.check().map_err(|overdrawn| Refused::of_rate(overdrawn, &holder))?;
        }
        Ok(holder)
    }

    fn holder(&self, key: &str, now: Timestamp) -> Result<Rc<KeyHolder>, Refused> {
        self.keys.holder(key, now).map_err(|fault| match fault {
            KeyFault::Unknown => Refused::of_key(key),
            KeyFault::Ended(holder, end) => {
                let (source, ending) = (&holder.source, ending(key));
                let detail =
                    format!("the write key ending …{ending} of source {source} ended at {end}");
                Refused::of((Reason::ExpiredKey, detail)).by(Some(&holder))
            }
        })
    }

    fn source_config(&self, head: &Parts) -> Answer {
        let headers = &head.headers;
        let key = header_key(headers).or_else(|| query_key(head.uri.query()));
        let answer = key.ok_or_else(Refused::without_key).and_then(|key| {
            let holder = self.inquirer(&key, headers)?;
            let source = self.keys.source(&holder.source).ok_or_else(|| Refused::of_key(&key))?;
            Ok(answer::source_config(source_config::body(&source, &key)))
        });
        answer.unwrap_or_else(|refused| self.refuse_question(refused))
    }

    fn segment_settings(&self, key: &str, headers: &HeaderMap) -> Answer {
        match self.inquirer(key, headers) {
            Ok(_) => answer::source_config(source_config::of_segment(key)),
            Err(refused) => self.refuse_question(refused),
        }
    }

    /// Says about which source a request may ask.
    fn inquirer(&self, key: &str, headers: &HeaderMap) -> Result<Rc<KeyHolder>, Refused> {
        let holder = self.holder(key, clock::now())?;
        check_origin(&holder, headers)?;
        Ok(holder)
    }

    fn refuse_question(&self, refused: Refused) -> Answer {
        match self.note_refusal(refused) {
            reason @ Reason::ForbiddenOrigin => answer::refusal(reason),
            reason => answer::no_such_source(reason),
        }
    }

    fn refuse(&self, refused: Refused) -> Answer {
        let wait = refused.overdrawn.as_ref().map(|overdrawn| overdrawn.wait);
        let reason = self.note_refusal(refused);
        wait.map_or_else(|| answer::refusal(reason), answer::rate_limited)
    }

    /// Keeps a refusal for people to see; returns the reason that its caller is told.
    fn note_refusal(&self, refused: Refused) -> Reason {
        let reason = refused.reason();
        let detail = refused.rejections.first().map(|first| first.detail.as_str());
        tracing::debug!(reason = reason.code(), detail, "a request is refused");
        let is_listed = refused.is_listed();
        let records = self.count(refused.holder.as_deref(), refused.rejections);
        if is_listed {
            self.list(records);
        }
        reason
    }

    /// Counts rejections; answers what is to be listed of them.
    fn count(
        &self,
        holder: Option<&KeyHolder>,
        rejections: Vec<Rejection>,
    ) -> Vec<RejectionRecord> {
        let (at, source) = (clock::now(), holder.map(|holder| &holder.source));
        let mut records = Vec::new();
        for Rejection { reason, detail, sample } in rejections {
            let is_told_apart =
                matches!(reason, Reason::BadKey | Reason::ExpiredKey | Reason::ForbiddenOrigin);
            let detail = bounded(detail);
            let about = if is_told_apart { detail.clone() } else { String::new() };
            let cause = Cause { source: source.cloned(), reason, about };
            let unlisted = self.needs.gauges.refusals.add(cause, at);
            // One request must not push all others out of the list; the rest of it stays a count.
            if let Some(unlisted) = unlisted
                && records.len() < limits::REJECTIONS_PER_REQUEST_MAX
            {
                let (reason, detail) = (reason.code().to_owned(), with_unlisted(detail, unlisted));
                let source = source.cloned();
                records.push(RejectionRecord { at, source, reason, detail, sample });
            }
        }
        records
    }

    /// Keeps rejections for people to see; where the ledger is busy they stay a count.
    fn list(&self, records: Vec<RejectionRecord>) {
        if !records.is_empty() {
            self.needs.gauges.notices.rejected(&records);
            // Nobody waits for this.
            drop(self.needs.store.ledger.reject(records));
        }
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

/// Whether the page that a request comes from may use the source; what is no page always may, and
/// what says to be two never.
fn check_origin(holder: &Rc<KeyHolder>, headers: &HeaderMap) -> Result<(), Refused> {
    if holder.allowed_origins.is_empty() {
        return Ok(());
    }
    let detail = match cors::origin(headers) {
        _ if headers.get_all(ORIGIN).iter().nth(1).is_some() => "two origins".to_owned(),
        None => return Ok(()),
        Some(own) if origin::is_allowed(&holder.allowed_origins, own.as_bytes()) => return Ok(()),
        Some(own) => format!("origin {:?}", String::from_utf8_lossy(own.as_bytes())),
    };
    Err(Refused::of((Reason::ForbiddenOrigin, detail)).by(Some(holder)))
}

fn bounded(mut detail: String) -> String {
    detail.truncate(detail.floor_char_boundary(limits::REJECTION_DETAIL_BYTES_MAX));
    detail
}

/// A detail that also says how many requests like it are not listed.
fn with_unlisted(detail: String, unlisted: u64) -> String {
    match unlisted {
        0 => detail,
        1 => format!("{detail}; 1 more request like it was refused before and is not listed"),
        _ => {
            format!(
                "{detail}; {unlisted} more requests like it were refused before and are not listed"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_says_how_many_others_are_not_listed() {
        let told = |unlisted| with_unlisted("key …x9f".to_owned(), unlisted);
        assert_eq!(told(0), "key …x9f");
        let one = "key …x9f; 1 more request like it was refused before and is not listed";
        assert_eq!(told(1), one);
        let two = "key …x9f; 2 more requests like it were refused before and are not listed";
        assert_eq!(told(2), two);
    }
}
