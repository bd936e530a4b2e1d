//! One pass over a stored event: where everything stands that its request depends on.
//!
//! In come the event's bytes; out go spans. What each member is for is decided here and once, so
//! that body, query, URL and headers need no pass of their own.

use std::borrow::Cow;
use std::collections::HashSet;

use smallvec::SmallVec;

use crate::event::json::{self, Fault, Scanner, Span, ValueKind, key_is, unescape};
use crate::limits;

/// What a top-level member is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Type,
    Event,
    Header,
    Traits,
    UserId,
    Context,
    FullPath,
    MessageId,
    RequestIp,
    AppendPath,
    Properties,
    AnonymousId,
    Integrations,
}

/// How many roles there are.
const ROLES: usize = 13;

/// The spellings under which `integrations` may steer a webhook, the one that counts first.
const PLATFORMS: [&str; 4] = ["webhook", "Webhook", "WebHook", "WEBHOOK"];

impl Role {
    /// The role of a member's name, quotes taken away.
    fn of(name: &str) -> Option<Self> {
        match Self::of_plain(name) {
            None if name.contains('\\') => Self::of_plain(&unescape(name)),
            role => role,
        }
    }

    fn of_plain(name: &str) -> Option<Self> {
        // By length first: most members of most events are none of these.
        let (own, role) = match name.len() {
            4 => ("type", Self::Type),
            5 => ("event", Self::Event),
            6 => match name {
                "header" => return Some(Self::Header),
                "traits" => return Some(Self::Traits),
                _ => ("userId", Self::UserId),
            },
            7 => ("context", Self::Context),
            8 => ("fullPath", Self::FullPath),
            9 => ("messageId", Self::MessageId),
            10 => match name {
                "request_ip" => return Some(Self::RequestIp),
                "appendPath" => return Some(Self::AppendPath),
                _ => ("properties", Self::Properties),
            },
            11 => ("anonymousId", Self::AnonymousId),
            12 => ("integrations", Self::Integrations),
            _ => return None,
        };
        (name == own).then_some(role)
    }

    /// Whether it steers the request and is no part of its body.
    pub fn is_steering(self) -> bool {
        matches!(self, Self::Header | Self::FullPath | Self::AppendPath)
    }
}

/// A top-level member.
#[derive(Clone, Copy)]
pub(super) struct Member {
    /// Its name, without quotes.
    pub key: Span,
    /// Its value.
    pub value: Span,
    /// What it is for, if for anything.
    pub role: Option<Role>,
}

/// A context that is an object.
#[derive(Clone, Copy, Default)]
pub(super) struct Context {
    pub has_members: bool,
    pub ip: Option<Span>,
    traits: Option<Span>,
}

/// What one pass over an event finds.
#[derive(Default)]
pub(super) struct Reading<'t> {
    /// The event.
    pub text: &'t str,
    /// Whether it could be read at all; stored events can.
    pub is_sound: bool,
    /// All top-level members in their order.
    pub members: SmallVec<[Member; 32]>,
    /// Names whose last value is null.
    pub nulls: HashSet<Cow<'t, str>>,
    /// The last `context`, which is the one that counts.
    pub context: Option<Context>,
    /// For each role the place of its last member, from 1.
    places: [u32; ROLES],
    /// What `integrations` says of webhooks, if that is an object.
    platform: Option<Span>,
}

impl<'t> Reading<'t> {
    /// Reads an event; one that cannot be read has nothing in it.
    pub fn of(payload: &'t [u8]) -> Self {
        let text = std::str::from_utf8(payload).unwrap_or_default();
        let mut reading = Self { text, is_sound: true, ..Self::default() };
        // A stored event has been checked at intake.
        match reading.read() {
            Ok(()) => reading,
            Err(_) => Self::default(),
        }
    }

    fn read(&mut self) -> Result<(), Fault> {
        let text = self.text;
        Scanner::new(text, limits::STORED_SCAN).members(|scanner, key| {
            let name = key.of(text);
            let role = Role::of(name);
            let value = match role {
                Some(Role::Context) => self.read_context(scanner)?,
                Some(Role::Integrations) => self.read_integrations(scanner)?,
                _ => scanner.leap()?,
            };
            if value.of(text) == "null" {
                self.nulls.insert(unescape(name));
            } else if !self.nulls.is_empty() {
                self.nulls.remove(&unescape(name));
            }
            self.members.push(Member { key, value, role });
            if let Some(role) = role {
                self.places[role as usize] = u32::try_from(self.members.len()).unwrap_or(0);
            }
            Ok(())
        })?;
        Ok(())
    }

    fn read_context(&mut self, scanner: &mut Scanner<'_>) -> Result<Span, Fault> {
        self.context = None;
        if scanner.peek() != ValueKind::Object {
            return scanner.skip();
        }
        let mut context = Context::default();
        let value = scanner.members(|scanner, key| {
            context.has_members = true;
            let value = scanner.leap()?;
            let name = key.of(self.text);
            if key_is(name, "ip") {
                context.ip = Some(value);
            } else if key_is(name, "traits") {
                context.traits = Some(value);
            }
            Ok(())
        })?;
        self.context = Some(context);
        Ok(value)
    }

    fn read_integrations(&mut self, scanner: &mut Scanner<'_>) -> Result<Span, Fault> {
        self.platform = None;
        if scanner.peek() != ValueKind::Object {
            return scanner.skip();
        }
        let mut found = [None; PLATFORMS.len()];
        let value = scanner.members(|scanner, key| {
            let value = scanner.skip()?;
            let name = key.of(self.text);
            if let Some(index) = PLATFORMS.iter().position(|own| key_is(name, own)) {
                found[index] = Some(value);
            }
            Ok(())
        })?;
        let text = self.text;
        let first = found.into_iter().flatten().find(|value| is_truthy(value.of(text)));
        self.platform = first.filter(|value| value.of(text).starts_with('{'));
        Ok(value)
    }

    /// The member of a role; the last one where there are several.
    pub fn member(&self, role: Role) -> Option<&Member> {
        let place = self.places[role as usize];
        self.members.get((place as usize).checked_sub(1)?)
    }

    /// The raw value of a role.
    pub fn value(&self, role: Role) -> Option<&'t str> {
        self.member(role).map(|member| member.value.of(self.text))
    }

    /// The raw value of a role, unless it is null.
    pub fn given(&self, role: Role) -> Option<&'t str> {
        self.value(role).filter(|raw| *raw != "null")
    }

    /// The raw traits of the context.
    pub fn context_traits(&self) -> Option<&'t str> {
        self.context?.traits.map(|span| span.of(self.text))
    }

    /// The raw value of a steering member: from the top, else from what `integrations` says.
    pub fn steering(&self, role: Role, name: &str) -> Option<&'t str> {
        self.given(role).or_else(|| {
            let platform = self.platform?.of(self.text);
            member_of(platform, name).filter(|raw| *raw != "null")
        })
    }

    /// The raw value at a path of names, unless it is null or not there.
    pub fn at(&self, path: &[String]) -> Option<&'t str> {
        let (first, rest) = path.split_first()?;
        let named = |member: &&Member| key_is(member.key.of(self.text), first);
        let top = self.members.iter().rfind(named)?.value.of(self.text);
        let value = rest.iter().try_fold(top, |object, name| member_of(object, name))?;
        (value != "null").then_some(value)
    }
}

/// The raw value of an object's member; the last one where there are several.
fn member_of<'t>(object: &'t str, name: &str) -> Option<&'t str> {
    let [value] = json::named(object, [name])?;
    value
}

/// Whether a raw value stands for something: an empty object does, nulls and empty texts do not.
pub(super) fn is_truthy(raw: &str) -> bool {
    !matches!(raw, "null" | "false" | "0" | "\"\"")
}

/// A raw value as text: a string as it reads, everything else as its JSON.
pub(super) fn text_of(raw: &str) -> Cow<'_, str> {
    match raw.as_bytes().first() {
        Some(b'"') => json::string(raw).unwrap_or_default(),
        Some(b'{' | b'[') => json::compact(raw),
        _ => Cow::Borrowed(raw),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_found_by_its_name_in_any_spelling() {
        for (name, role) in [
            ("type", Role::Type),
            ("event", Role::Event),
            ("header", Role::Header),
            ("traits", Role::Traits),
            ("userId", Role::UserId),
            ("context", Role::Context),
            ("fullPath", Role::FullPath),
            ("messageId", Role::MessageId),
            ("request_ip", Role::RequestIp),
            ("appendPath", Role::AppendPath),
            ("properties", Role::Properties),
            ("anonymousId", Role::AnonymousId),
            ("integrations", Role::Integrations),
        ] {
            assert_eq!(Role::of(name), Some(role));
            let escaped = format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]);
            assert_eq!(Role::of(&escaped), Some(role), "{escaped}");
            assert_eq!(Role::of(&name.to_uppercase()), None, "{name}");
            assert!((role as usize) < ROLES);
        }
        assert_eq!(Role::of("originalTimestamp"), None);
    }

    #[test]
    fn steering_members_are_found_at_the_top_and_under_integrations() {
        let check = |event: &str, want: Option<&str>| {
            let reading = Reading::of(event.as_bytes());
            assert_eq!(reading.steering(Role::FullPath, "fullPath"), want, "{event}");
        };
        check(r#"{"fullPath":1,"integrations":{"Webhook":{"fullPath":2}}}"#, Some("1"));
        check(r#"{"fullPath":null,"integrations":{"Webhook":{"fullPath":2}}}"#, Some("2"));
        for name in PLATFORMS {
            check(&format!(r#"{{"integrations":{{"{name}":{{"fullPath":3}}}}}}"#), Some("3"));
        }
        check(r#"{"integrations":{"WEBHOOK":{"fullPath":1},"webhook":{"fullPath":2}}}"#, Some("2"));
        check(r#"{"integrations":{"webhook":null,"Webhook":{"fullPath":2}}}"#, Some("2"));
        check(r#"{"integrations":{"webhook":true,"Webhook":{"fullPath":2}}}"#, None);
        check(r#"{"integrations":{"Webhook":{"fullPath":null}}}"#, None);
        check(r#"{"integrations":{"Webhook":{"fullPath":1}},"integrations":7}"#, None);
        check(r#"{"integrations":{"wEBHOOK":{"fullPath":1}}}"#, None);
        check("{}", None);
    }

    #[test]
    fn a_path_is_followed_through_objects() {
        let event = r#"{"a":{"b":{"c":"x"},"n":null,"l":[{"c":1}]},"t":"text","a\u0062":false}"#;
        let check = |path: &str, want: Option<&str>| {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            assert_eq!(Reading::of(event.as_bytes()).at(&path), want, "{path:?}");
        };
        check("a.b.c", Some("\"x\""));
        check("a.b", Some(r#"{"c":"x"}"#));
        check("ab", Some("false"));
        for missing in ["a.n", "a.n.c", "a.l.c", "t.c", "c", "a.b.c.d"] {
            check(missing, None);
        }
    }
}
