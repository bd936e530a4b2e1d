//! The fields the gateway owes an event, and how they get into its text.
//!
//! `messageId` is kept where it is usable; `rudderId`, `receivedAt` and `request_ip` are the
//! gateway's; the client's times are kept in one spelling, and `timestamp` is corrected by what the
//! client's clock says of itself. A field that came is replaced where it stands; what is missing is
//! appended.

use std::borrow::Cow;

use md5::{Digest, Md5};
use smallvec::SmallVec;

use super::intake::Member;
use super::json::{self, Span};
use super::sanitize::sanitize;
use super::timestamp::{self, EventTime};
use super::{CallHash, EventKind, Identities, IdentityHash, Restriction};
use crate::id::SourceId;
use crate::limits;
use crate::time::Timestamp;

/// What the gateway knows of a request, to be stamped on its events.
pub struct Stamp<'a> {
    /// Whose events.
    pub source: &'a SourceId,
    /// When the request arrived.
    pub received_at: Timestamp,
    /// The client's address.
    pub client_ip: &'a str,
    /// Whether the client may say another address itself (it is a trusted proxy or server).
    pub client_is_trusted: bool,
    /// Bytes of one event, at most.
    pub event_bytes_max: usize,
    /// Seed of the hashes of `messageId`s.
    pub message_seed: u64,
    fresh_id: &'a mut dyn FnMut() -> [u8; 16],
    received_at_text: String,
}

impl<'a> Stamp<'a> {
    /// A stamp for an untrusted client and events of any size; `fresh_id` yields random bytes.
    pub fn new(
        source: &'a SourceId,
        received_at: Timestamp,
        client_ip: &'a str,
        fresh_id: &'a mut dyn FnMut() -> [u8; 16],
    ) -> Self {
        Self {
            source,
            received_at,
            client_ip,
            client_is_trusted: false,
            event_bytes_max: usize::MAX,
            message_seed: 0,
            fresh_id,
            received_at_text: received_at.to_string(),
        }
    }
}

/// The fields in the order in which missing ones are appended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Field {
    MessageId,
    Type,
    RudderId,
    ReceivedAt,
    RequestIp,
    OriginalTimestamp,
    SentAt,
    Timestamp,
}

const FIELDS: [(Field, &str); 8] = [
    (Field::MessageId, "messageId"),
    (Field::Type, "type"),
    (Field::RudderId, "rudderId"),
    (Field::ReceivedAt, "receivedAt"),
    (Field::RequestIp, "request_ip"),
    (Field::OriginalTimestamp, "originalTimestamp"),
    (Field::SentAt, "sentAt"),
    (Field::Timestamp, "timestamp"),
];

/// The JSON text of a value; short ones live on the stack.
type ValueText = SmallVec<[u8; 48]>;

/// What an event is owed: for each field the value to write, or none where the event's own stays.
pub(super) struct Owed {
    /// What kind of call it is.
    pub kind: EventKind,
    /// Whose it is.
    pub identities: Identities,
    /// Which call it is; none where the client gave it no id.
    pub message: Option<CallHash>,
    /// Whether it may itself say which destinations get it.
    pub restriction: Restriction,
    exempt: bool,
    values: [Option<ValueText>; FIELDS.len()],
    places: Places,
}

/// Which members hold an owed field.
#[derive(Default)]
struct Places {
    /// Member and field, in the order of the text.
    all: SmallVec<[(usize, usize); FIELDS.len()]>,
    /// The last member of each field, which is the one that counts.
    last: [Option<usize>; FIELDS.len()],
}

/// The raw values of the members that are read; the last one of a name counts.
#[derive(Default)]
struct Raw<'t> {
    own: [Option<&'t str>; FIELDS.len()],
    user_id: Option<&'t str>,
    anonymous_id: Option<&'t str>,
    integrations: Option<&'t str>,
    context: Option<&'t str>,
}

impl Owed {
    /// Reads what an event has and works out what it is owed.
    pub fn find(
        text: &str,
        members: &[Member],
        forced: Option<EventKind>,
        stamp: &mut Stamp<'_>,
    ) -> Self {
        let mut places = Places::default();
        let raw = raw_values(text, members, &mut places);
        let user = identity_text(raw.user_id);
        let anonymous = identity_text(raw.anonymous_id);
        let own_type = raw.own(Field::Type).and_then(json::string);
        let own_kind = own_type.as_deref().map_or(EventKind::Other, EventKind::from_type);
        let mut owed = Self {
            kind: forced.unwrap_or(own_kind),
            identities: Identities {
                user: IdentityHash::of_user(&user),
                anonymous: IdentityHash::of_anonymous(&anonymous),
            },
            message: None,
            restriction: Restriction::find(raw.integrations, raw.context),
            exempt: matches!(own_type.as_deref(), Some("extract" | "record")) && forced.is_none(),
            values: Default::default(),
            places,
        };
        if let Some(kind) = forced.filter(|kind| own_type.as_deref() != Some(kind.as_str())) {
            owed.put(Field::Type, quoted(kind.as_str()));
        }
        owed.put(Field::RudderId, quoted(&rudder_id(&user, &anonymous)));
        owed.put(Field::ReceivedAt, quoted(&stamp.received_at_text));
        owed.message_id(raw.own(Field::MessageId), stamp);
        owed.request_ip(raw.own(Field::RequestIp), stamp);
        owed.times(&raw, stamp);
        owed
    }

    /// Whether it must be refused for want of an identity.
    pub fn needs_identity(&self) -> bool {
        self.identities == Identities::default() && !self.exempt
    }

    fn put(&mut self, field: Field, value: ValueText) {
        self.values[field as usize] = Some(value);
    }

    fn message_id(&mut self, raw: Option<&str>, stamp: &mut Stamp<'_>) {
        let own = raw.and_then(json::string);
        let clean = own.as_deref().map(sanitize).unwrap_or_default();
        if clean.is_empty() {
            self.put(Field::MessageId, quoted(&uuid_v4((stamp.fresh_id)())));
            return;
        }
        // The same at every resend, so that duplicates can still be told.
        let short = (clean.len() > limits::MESSAGE_ID_BYTES_MAX)
            .then(|| uuid_v4(Md5::digest(clean.as_bytes()).into()));
        let id = short.as_deref().unwrap_or(&clean);
        self.message = Some(CallHash::of(id, stamp.message_seed));
        if own.as_deref() != Some(id) {
            self.put(Field::MessageId, quoted(id));
        }
    }

    fn request_ip(&mut self, raw: Option<&str>, stamp: &Stamp<'_>) {
        let own = raw.and_then(json::string).filter(|own| !own.is_empty());
        if own.is_none() || !stamp.client_is_trusted {
            self.put(Field::RequestIp, quoted(stamp.client_ip));
        }
    }

    fn times(&mut self, raw: &Raw<'_>, stamp: &Stamp<'_>) {
        let original = self.time(Field::OriginalTimestamp, raw, stamp);
        let sent = self.time(Field::SentAt, raw, stamp);
        if let Some(own) = raw.own(Field::Timestamp)
            && time_value(own).is_some()
        {
            self.time(Field::Timestamp, raw, stamp);
            return;
        }
        let skew = sent.0.saturating_sub(original.0);
        let corrected = Timestamp(stamp.received_at.0.saturating_sub(skew));
        self.put(Field::Timestamp, quoted(&corrected.to_string()));
    }

    /// Brings one of the client's times into the usual spelling; a missing one is `receivedAt`.
    fn time(&mut self, field: Field, raw: &Raw<'_>, stamp: &Stamp<'_>) -> Timestamp {
        let own = raw.own(field);
        let Some(time) = own.and_then(time_value) else {
            self.put(field, quoted(&stamp.received_at_text));
            return stamp.received_at;
        };
        let canonical = own.and_then(json::inner).is_some_and(timestamp::is_canonical);
        if !canonical {
            self.put(field, quoted(&timestamp::format(time)));
        }
        time.timestamp()
    }

    /// The event's text with everything owed in it, each field once.
    ///
    /// Of a field that came several times only the last one stays: it is the one that was read, and
    /// a reader that takes the first one must not find another.
    pub fn splice(&self, text: &str, span: Span, members: &[Member]) -> Vec<u8> {
        let mut out = Vec::with_capacity(span.end - span.start + 400);
        let bytes = text.as_bytes();
        let mut copied = span.start;
        for &(member, field) in &self.places.all {
            if self.places.last[field] != Some(member) {
                // Up to the next member's quote, and there is one: the field comes again.
                out.extend_from_slice(&bytes[copied..members[member].key.start - 1]);
                copied = members[member + 1].key.start - 1;
            } else if let Some(value) = &self.values[field] {
                let place = members[member].value;
                out.extend_from_slice(&bytes[copied..place.start]);
                out.extend_from_slice(value);
                copied = place.end;
            }
        }
        // Right after the last member, or after the opening brace of an empty object.
        let end = members.last().map_or(span.start + 1, |last| last.value.end);
        out.extend_from_slice(&bytes[copied..end]);
        let mut comma = !members.is_empty();
        for (index, (_, name)) in FIELDS.iter().enumerate() {
            if let Some(value) =
                self.values[index].as_ref().filter(|_| self.places.last[index].is_none())
            {
                if comma {
                    out.push(b',');
                }
                comma = true;
                out.push(b'"');
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b"\":");
                out.extend_from_slice(value);
            }
        }
        out.extend_from_slice(&bytes[end..span.end]);
        out
    }
}

impl<'t> Raw<'t> {
    fn own(&self, field: Field) -> Option<&'t str> {
        self.own[field as usize]
    }
}

fn raw_values<'t>(text: &'t str, members: &[Member], places: &mut Places) -> Raw<'t> {
    let mut raw = Raw::default();
    for (index, member) in members.iter().enumerate() {
        let key = member.key.of(text);
        let key = if key.contains('\\') { json::unescape(key) } else { Cow::Borrowed(key) };
        let value = member.value.of(text);
        match &*key {
            "userId" => raw.user_id = Some(value),
            "anonymousId" => raw.anonymous_id = Some(value),
            "integrations" => raw.integrations = Some(value),
            "context" => raw.context = Some(value),
            other => {
                if let Some(field) = field_named(other) {
                    raw.own[field as usize] = Some(value);
                    places.all.push((index, field as usize));
                    places.last[field as usize] = Some(index);
                }
            }
        }
    }
    raw
}

fn field_named(name: &str) -> Option<Field> {
    FIELDS.into_iter().find(|(_, own)| *own == name).map(|(field, _)| field)
}

fn time_value(raw: &str) -> Option<EventTime> {
    timestamp::parse(&json::string(raw)?)
}

/// An identity as text: strings sanitised, null as nothing, everything else as its JSON.
pub(super) fn identity_text(raw: Option<&str>) -> Cow<'_, str> {
    let Some(raw) = raw.filter(|raw| *raw != "null") else { return Cow::Borrowed("") };
    match json::string(raw) {
        Some(Cow::Borrowed(text)) => sanitize(text),
        Some(Cow::Owned(text)) => Cow::Owned(sanitize(&text).into_owned()),
        None => Cow::Borrowed(raw),
    }
}

/// The MD5 of both identities, dressed as a version 4 UUID.
fn rudder_id(user: &str, anonymous: &str) -> String {
    let mut digest = Md5::new();
    digest.update(user.as_bytes());
    digest.update(b":");
    digest.update(anonymous.as_bytes());
    uuid_v4(digest.finalize().into())
}

/// Writes 16 bytes as a UUID, with the version and variant bits of a random one.
fn uuid_v4(mut bytes: [u8; 16]) -> String {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push(char::from(HEX[usize::from(byte >> 4)]));
        text.push(char::from(HEX[usize::from(byte & 15)]));
    }
    text
}

fn quoted(text: &str) -> ValueText {
    let mut value = ValueText::new();
    if !json::is_plain(text) {
        let mut escaped = Vec::new();
        json::write_string(text, &mut escaped);
        value.extend_from_slice(&escaped);
        return value;
    }
    value.push(b'"');
    value.extend_from_slice(text.as_bytes());
    value.push(b'"');
    value
}
