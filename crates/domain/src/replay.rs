//! Replays: deliveries of stored events that are made again, which ones and how fast.
//!
//! In comes what somebody asks for; out goes whether an event is meant, and how much of a
//! destination's flow a replay may have. Deliberately unknown here: what became of earlier
//! deliveries, and where replays are stored.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::delivery::flow::{Bounds, Rate, interval_of};
use crate::event::{Identities, IdentityHash};
use crate::filter::{Filter, Sieve, Subject, Verdict, decide};
use crate::id::{ConnectionId, DestinationId, Seq, SourceId};
use crate::limits;
use crate::time::Timestamp;

/// What a replay is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Deliveries that were given up and not made since.
    RecoverFailed,
    /// Events that the destination has never got.
    ReplayMissing,
    /// Everything, delivered or not.
    ResendRange,
}

/// Who made a replay.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody asked for it.
    Asked,
    /// The destination recovered, and its settings want that.
    Recovered,
}

/// How far a replay is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ReplayState {
    /// It is at work, or will be as soon as it can.
    Running = 1,
    /// It stands still until somebody resumes it.
    Paused = 2,
    /// It has come to its end.
    Done = 3,
    /// Somebody has ended it.
    Cancelled = 4,
}

/// A replay as it was asked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ReplayPlan {
    /// Where its deliveries go.
    pub destination: DestinationId,
    /// What it is for.
    pub intent: Intent,
    /// Who made it.
    pub cause: Cause,
    /// Which events it is about.
    pub scope: Scope,
    /// How fast it may be.
    #[serde(default)]
    pub pace: Pace,
}

/// Which events a replay is about: those that fit in every respect.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Scope {
    /// The first place.
    pub first: Seq,
    /// The place behind the last one.
    pub end: Seq,
    /// Only these places; all where there are none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub places: BTreeSet<Seq>,
    /// Only events received then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_from: Option<Timestamp>,
    /// Only events received before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_until: Option<Timestamp>,
    /// Only deliveries whose last attempt ended then or later; for those that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_since: Option<Timestamp>,
    /// Only deliveries that were given up by this issue; for those that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<u64>,
    /// Only events of this source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceId>,
    /// Only events with this `userId` or `anonymousId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Only events that this lets pass, beside what the connections let pass.
    #[serde(default, skip_serializing_if = "Filter::is_open")]
    pub filter: Filter,
}

/// How fast a replay may be; what is not there is a part of what the destination may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Pace {
    /// Attempts under way at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<NonZeroU32>,
    /// Attempts that may start in a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<NonZeroU32>,
}

/// A scope made ready to judge one event after the other.
#[derive(Clone, Debug)]
pub struct Chooser {
    scope: Scope,
    sieve: Sieve,
    user: Identities,
}

impl ReplayState {
    /// Whether it may still come to deliveries.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }

    /// The state with this stored code.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Running, Self::Paused, Self::Done, Self::Cancelled]
            .into_iter()
            .find(|state| *state as u8 == code)
    }
}

impl Scope {
    /// Everything from a place up to another one.
    pub fn between(first: Seq, end: Seq) -> Self {
        Self {
            first,
            end,
            places: BTreeSet::new(),
            received_from: None,
            received_until: None,
            failed_since: None,
            issue: None,
            source: None,
            user: None,
            filter: Filter::default(),
        }
    }

    /// Whether there is a place in it.
    pub fn is_empty(&self) -> bool {
        self.first >= self.end
    }
}

impl ReplayPlan {
    /// What the replay may have, of what its destination may.
    ///
    /// A rate of the destination's holds for both together, so a replay leaves live deliveries a part
    /// of it whatever it asks for; where there is none, a replay has one all the same, unless somebody
    /// wants more. A replay of single events goes on beside one of a range, and takes no more than
    /// what that one leaves.
    #[must_use]
    pub fn bounds(&self, whole: Bounds) -> Bounds {
        let share = limits::REPLAY_SHARE;
        let usual = Duration::from_secs(1) / limits::REPLAY_RATE;
        let asked = self.pace.rate.map(interval_of);
        let interval = match (asked, whole.rate.map(|rate| rate.interval)) {
            (Some(asked), Some(whole)) if self.scope.places.is_empty() => {
                asked.max(whole * share / (share - 1))
            }
            (Some(asked), Some(whole)) => asked.max(whole * share),
            (Some(asked), None) => asked,
            (None, Some(whole)) => usual.max(whole * share),
            (None, None) => usual,
        };
        let own = self.pace.concurrency.map(|own| own.get().min(whole.concurrency));
        let concurrency = own.unwrap_or(whole.concurrency / share).max(1);
        Bounds { concurrency, rate: Some(Rate::spread(interval)), ..whole }
    }
}

impl Chooser {
    /// Makes a scope ready.
    pub fn new(scope: Scope) -> Self {
        let hash = |of: fn(&str) -> Option<IdentityHash>| scope.user.as_deref().and_then(of);
        let user = Identities {
            user: hash(IdentityHash::of_user),
            anonymous: hash(IdentityHash::of_anonymous),
        };
        let sieve = Sieve::of_filter(scope.filter.clone(), ConnectionId::new("replay"));
        Self { scope, sieve, user }
    }

    /// The scope.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whether an event is meant.
    pub fn wants(
        &self,
        (seq, received_at): (Seq, Timestamp),
        source: &SourceId,
        subject: &Subject<'_>,
    ) -> bool {
        let scope = &self.scope;
        (scope.first..scope.end).contains(&seq)
            && (scope.places.is_empty() || scope.places.contains(&seq))
            && scope.received_from.is_none_or(|from| received_at >= from)
            && scope.received_until.is_none_or(|until| received_at < until)
            && scope.source.as_ref().is_none_or(|wanted| wanted == source)
            && (scope.user.is_none() || self.is_of_user(subject.identities))
            && (scope.filter.is_open() || decide(&self.sieve, subject) == Verdict::Passes)
    }

    fn is_of_user(&self, identities: Identities) -> bool {
        let same = |own: Option<IdentityHash>, other| own.is_some() && own == other;
        same(self.user.user, identities.user) || same(self.user.anonymous, identities.anonymous)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::{EventKind, Restriction};

    fn wants(change: impl Fn(&mut Scope)) -> bool {
        let mut scope = Scope::between(Seq(5), Seq(10));
        change(&mut scope);
        let subject = Subject {
            kind: EventKind::Track,
            identities: Identities { user: IdentityHash::of_user("u"), anonymous: None },
            restriction: Restriction::None,
            payload: br#"{"event":"Order"}"#,
        };
        Chooser::new(scope).wants((Seq(7), Timestamp(1_000)), &SourceId::new("web"), &subject)
    }

    #[test]
    fn an_event_is_meant_where_it_fits_in_every_respect() {
        let check = |want: bool, change: &dyn Fn(&mut Scope)| assert_eq!(wants(change), want);
        check(true, &|_| {});
        check(false, &|scope| scope.first = Seq(8));
        check(false, &|scope| scope.end = Seq(7));
        check(true, &|scope| scope.places = [Seq(7)].into());
        check(false, &|scope| scope.places = [Seq(6)].into());
        check(true, &|scope| scope.received_from = Some(Timestamp(1_000)));
        check(false, &|scope| scope.received_from = Some(Timestamp(1_001)));
        check(false, &|scope| scope.received_until = Some(Timestamp(1_000)));
        check(true, &|scope| scope.source = Some(SourceId::new("web")));
        check(false, &|scope| scope.source = Some(SourceId::new("app")));
        check(true, &|scope| scope.user = Some("u".to_owned()));
        check(false, &|scope| scope.user = Some("v".to_owned()));
        check(false, &|scope| scope.user = Some(String::new()));
        check(true, &|scope| scope.filter.types = vec![EventKind::Track]);
        check(false, &|scope| scope.filter.types = vec![EventKind::Page]);
        check(false, &|scope| scope.filter.events.allow = ["Other".to_owned()].into());
    }

    #[test]
    fn a_replay_has_a_part_of_what_its_destination_may_have() {
        let bounds = |(concurrency, rate): (u32, u32)| Bounds {
            concurrency,
            rate: NonZeroU32::new(rate).map(Rate::bursting),
            stop_after: Duration::ZERO,
            probe_wait: Duration::ZERO,
        };
        let had = |own: (u32, u32), whole: (u32, u32), places: &[u64]| {
            let mut scope = Scope::between(Seq(1), Seq(9));
            scope.places = places.iter().copied().map(Seq).collect();
            let plan = ReplayPlan {
                destination: DestinationId::new("d"),
                intent: Intent::ResendRange,
                cause: Cause::Asked,
                scope,
                pace: Pace { concurrency: NonZeroU32::new(own.0), rate: NonZeroU32::new(own.1) },
            };
            let Bounds { concurrency, rate, .. } = plan.bounds(bounds(whole));
            (concurrency, (rate.unwrap().per_second() * 10.0).round() / 10.0)
        };
        let check = |own: (u32, u32), whole: (u32, u32), want: (u32, f64)| {
            assert_eq!(had(own, whole, &[]), want, "{own:?}");
        };
        check((0, 0), (64, 0), (16, 1_000.0));
        check((0, 0), (64, 100_000), (16, 1_000.0));
        check((0, 9_000), (64, 0), (16, 9_000.0));
        check((0, 0), (3, 2), (1, 0.5));
        check((0, 0), (64, 100), (16, 25.0));
        check((8, 50), (64, 0), (8, 50.0));
        check((100, 500), (64, 200), (64, 150.0));
        check((0, 1), (64, 1), (16, 0.8));
        assert_eq!(had((100, 500), (64, 200), &[3, 5]), (64, 50.0), "what a range leaves");
        assert_eq!(had((8, 50), (64, 0), &[3]), (8, 50.0));
    }
}
