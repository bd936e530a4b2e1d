//! The plan of a destination's requests: what the settings decide once, and the request for each
//! event.
//!
//! A request is made in the order in which a reader would: method, place, headers, query or body,
//! signature. What does not differ from event to event is not made again: [`WebhookRequest`] tells
//! it by borrowing, or by leaving it out.

use std::borrow::Cow;

use bytes::Bytes;
use url::Url;

use super::body::body;
use super::header;
use super::place::{Home, Place};
use super::query::query;
use super::reading::{Reading, Role, text_of};
use super::settings::{HeaderSetting, Method, WebhookSettings};
use super::signing::{AttemptStamp, Occasion, Signer, seconds, webhook_id};
use super::template::{Setting, Textual};
use crate::event::json::{Scanner, unescape};
use crate::limits;
use crate::reason::Reason;
use crate::trace_context::{TRACEPARENT, TraceContext};

/// What the settings of a destination decide once.
pub struct Plan {
    settings: WebhookSettings,
    home: Home,
    /// The rows of the configured headers that are looked up in each event.
    looked_up: Vec<usize>,
    signer: Option<Signer>,
}

/// The request for one event.
#[derive(Debug)]
pub struct WebhookRequest<'p> {
    /// The method.
    pub method: Method,
    /// Where it goes instead of the configured scheme, host and port. The configured headers stay
    /// at home then.
    pub elsewhere: Option<Box<Url>>,
    /// The path and query to ask for; borrowed where it is the configured one.
    pub asked: Cow<'p, str>,
    /// Headers of this request, each in the place of one of [`Plan::headers`] of the same name;
    /// names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; empty where the event travels in the query.
    pub body: Bytes,
}

/// Why the request for an event can never be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsendable {
    /// In the words of the dictionary.
    pub reason: Reason,
    /// What exactly; names the setting or the event's member, and holds no secret.
    pub detail: String,
}

impl Unsendable {
    /// What the event or a setting asks for is no request.
    pub(super) fn bad(detail: String) -> Self {
        Self { reason: Reason::BadRequest, detail }
    }

    /// The event asks for a URL that the settings do not allow.
    pub(super) fn refused(detail: String) -> Self {
        Self { reason: Reason::DynamicUrlRefused, detail }
    }
}

impl Plan {
    /// Decides what does not differ from event to event.
    ///
    /// # Errors
    /// Why the settings cannot be used.
    pub fn new(settings: &WebhookSettings) -> Result<Self, String> {
        let errors: Vec<String> = settings.check().iter().map(ToString::to_string).collect();
        if !errors.is_empty() {
            return Err(errors.join("; "));
        }
        let home = Home::new(settings)?;
        let is_looked_up = |header: &HeaderSetting| {
            header.name.template().is_some() || header.value.template().is_some()
        };
        let rows = settings.headers.iter().enumerate();
        let looked_up = rows.filter(|(_, header)| is_looked_up(header)).map(|(row, _)| row);
        let looked_up = looked_up.collect();
        let signer = settings.signing.as_deref().map(Signer::new).transpose()?;
        Ok(Self { settings: settings.clone(), home, looked_up, signer })
    }

    /// The path and query of the configured URL.
    pub fn asked(&self) -> &str {
        &self.home.asked
    }

    /// The headers of every request with such a method to the configured origin, names in lower
    /// case, one value each.
    pub fn headers(&self, method: Method) -> Vec<(String, String)> {
        let mut headers = self.headers_elsewhere(method);
        header::set_fixed(&mut headers, &self.settings.headers);
        headers
    }

    /// The same to every other origin, which gets no configured ones.
    pub fn headers_elsewhere(&self, method: Method) -> Vec<(String, String)> {
        header::defaults(method.has_body())
    }

    /// The request for a stored event.
    ///
    /// # Errors
    /// Where the event asks for something that cannot be sent.
    pub fn request(
        &self,
        payload: &Bytes,
        stamp: AttemptStamp,
    ) -> Result<WebhookRequest<'_>, Unsendable> {
        let reading = Reading::of(payload);
        let method = self.method(&reading)?;
        let Place { elsewhere, mut asked } = self.home.place(&reading)?;
        let mut headers = Vec::new();
        if elsewhere.is_none() {
            self.look_up_headers(&reading, &mut headers)?;
        }
        self.take_headers(&reading, &mut headers)?;
        let body = if method.has_body() {
            body(payload, &reading)
        } else {
            let query = query(&reading, &self.settings.get_extras).map_err(|_| too_long())?;
            append_query(&mut asked, &query);
            Bytes::new()
        };
        if let Some(signer) = &self.signer {
            let id = webhook_id(&reading, payload);
            // A signature proves to one receiver what the shared secret is for; another one could
            // show it there. So it stays at home, as the configured headers do.
            let signatures = elsewhere.is_none().then(|| signer.signatures(&id, stamp, &body));
            sign(&mut headers, id, stamp, signatures);
        }
        mark(&mut headers, stamp.occasion);
        if let Some(span) = stamp.span {
            self.tell(&mut headers, span);
        }
        Ok(WebhookRequest { method, elsewhere, asked, headers, body })
    }

    /// Tells the endpoint the span of the attempt, unless settings or event name one.
    fn tell(&self, headers: &mut Vec<(String, String)>, span: TraceContext) {
        let configured = self.settings.headers.iter().filter_map(HeaderSetting::fixed);
        let own = headers.iter().map(|(name, _)| name.as_str());
        let mut named = configured.map(|(name, _)| name).chain(own);
        if !named.any(|name| name.eq_ignore_ascii_case(TRACEPARENT)) {
            headers.push((TRACEPARENT.to_owned(), span.to_string()));
        }
    }

    fn method(&self, reading: &Reading<'_>) -> Result<Method, Unsendable> {
        let Some(found) = looked_up(&self.settings.method, reading) else {
            return Ok(*self.settings.method.base());
        };
        Method::from_text(&found)
            .map_err(|reason| Unsendable::bad(format!("webhookMethod {reason}")))
    }

    /// Sets the configured headers that are looked up in the event.
    fn look_up_headers(
        &self,
        reading: &Reading<'_>,
        headers: &mut Vec<(String, String)>,
    ) -> Result<(), Unsendable> {
        for row in &self.looked_up {
            let HeaderSetting { name, value } = &self.settings.headers[*row];
            let (own, value) = (filled(name, reading), filled(value, reading));
            // As a row without a name, which is passed over.
            if own.is_empty() {
                continue;
            }
            let fault = if name.template().is_some() { self.own_name_fault(&own) } else { None };
            if let Some(reason) = fault.or_else(|| header::event_value_fault(&own, &value)) {
                return Err(Unsendable::bad(reason));
            }
            if !self.is_set_later(*row, &own) {
                header::set(headers, &own, value.into_owned());
            }
        }
        Ok(())
    }

    /// Why a configured header cannot have the name that an event gives it.
    fn own_name_fault(&self, name: &str) -> Option<String> {
        let of_signing = || format!("header {} is set by signing", name.to_ascii_lowercase());
        let is_of_signing = self.signer.is_some() && header::is_of_signing(name);
        let fault = is_of_signing.then(of_signing).or_else(|| header::name_fault(name))?;
        Some(format!("a header's name that is looked up in the event: {fault}"))
    }

    /// Whether a later row has the same header for all events: of several rows the last one counts.
    fn is_set_later(&self, row: usize, name: &str) -> bool {
        let later = self.settings.headers.iter().skip(row + 1);
        later.filter_map(HeaderSetting::fixed).any(|(own, _)| own.eq_ignore_ascii_case(name))
    }

    /// Sets the headers that the event brings along.
    fn take_headers(
        &self,
        reading: &Reading<'_>,
        headers: &mut Vec<(String, String)>,
    ) -> Result<(), Unsendable> {
        let Some(raw) = reading.value(Role::Header) else { return Ok(()) };
        if self.settings.dynamic == super::Dynamic::Off || !raw.starts_with('{') {
            return Ok(());
        }
        let mut fault = None;
        let mut scanner = Scanner::new(raw, limits::STORED_SCAN);
        let read = scanner.members(|scanner, key| {
            let value = scanner.skip()?;
            let (name, value) = (unescape(key.of(raw)), text_of(value.of(raw)));
            match self.header_fault(&name, &value) {
                Some(reason) => fault = fault.take().or(Some(reason)),
                None => header::set(headers, &name, value.into_owned()),
            }
            Ok(())
        });
        match fault {
            Some(reason) if read.is_ok() => Err(Unsendable::bad(reason)),
            _ => Ok(()),
        }
    }

    /// Why an event cannot bring this header along.
    fn header_fault(&self, name: &str, value: &str) -> Option<String> {
        if self.signer.is_some() && header::is_of_signing(name) {
            let name = name.to_ascii_lowercase();
            return Some(format!("the event's header {name} is set by signing"));
        }
        let fault = header::name_fault(name).or_else(|| header::event_value_fault(name, value))?;
        Some(format!("in the event's \"header\": {fault}"))
    }
}

/// A setting's text for an event: what the event has for it, or its default.
fn filled<'s>(setting: &'s Setting<String>, reading: &Reading<'s>) -> Cow<'s, str> {
    looked_up(setting, reading).unwrap_or_else(|| Cow::Borrowed(setting.base()))
}

/// The text that an event has for a setting; none where the default counts.
fn looked_up<'t, T: Textual>(setting: &Setting<T>, reading: &Reading<'t>) -> Option<Cow<'t, str>> {
    let path = setting.template()?.path();
    reading.at(path).map(text_of)
}

fn too_long() -> Unsendable {
    let max = limits::QUERY_BYTES_MAX;
    Unsendable::bad(format!("the query would be longer than {max} bytes"))
}

/// Puts a query behind what is asked for, which stays as it is.
fn append_query(asked: &mut Cow<'_, str>, query: &str) {
    if query.is_empty() {
        return;
    }
    let joint = match asked.find('?') {
        None => "?",
        Some(_) if asked.ends_with(['?', '&']) => "",
        Some(_) => "&",
    };
    *asked = Cow::Owned([asked, joint, query].concat());
}

/// Tells the receiver what is no delivery of an event that has just come.
fn mark(headers: &mut Vec<(String, String)>, occasion: Occasion) {
    match occasion {
        Occasion::Delivery => {}
        Occasion::Replay(id) => header::set(headers, header::OF_REPLAY, id.to_string()),
        Occasion::Test => header::set(headers, header::OF_REPLAY, "test".to_owned()),
    }
}

/// Sets what a receiver tells attempts and forgeries by.
fn sign(
    headers: &mut Vec<(String, String)>,
    id: String,
    stamp: AttemptStamp,
    signatures: Option<String>,
) {
    header::set(headers, "webhook-id", id);
    header::set(headers, "webhook-timestamp", seconds(stamp).to_string());
    header::set(headers, "webhook-attempt", stamp.number.to_string());
    if let Some(signatures) = signatures {
        header::set(headers, "webhook-signature", signatures);
    }
}
