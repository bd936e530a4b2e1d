//! The body of a replay: where to, what for, which events, and how fast.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use domain::filter::Filter;
use domain::id::{DestinationId, Seq, SourceId};
use domain::limits;
use domain::replay::{Cause, Intent, Pace, ReplayPlan, Scope};
use domain::time::Timestamp;
use utoipa::ToSchema;

use crate::admin::body::{self, Mistakes};
use crate::admin::problem::Problem;
use crate::workspace_file::filter;
use crate::workspace_file::finding::Finding;
use crate::workspace_file::node::{Node, Object};
use crate::workspace_file::own_settings::moment;

const MEMBERS: &[&str] = &[
    "destination",
    "intent",
    "first",
    "last",
    "events",
    "received_from",
    "received_until",
    "failed_since",
    "issue",
    "source",
    "user",
    "filter",
    "rate",
    "concurrency",
];

/// A replay that is asked for.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes to the reference what is read member by member")]
pub struct ReplayRequest {
    /// The destination that gets events again.
    destination: String,
    /// `recover_failed`, `replay_missing` or `resend_range`.
    intent: String,
    /// The number of the first event; of all that are stored where it is missing.
    first: Option<u64>,
    /// The number of the last event.
    last: Option<u64>,
    /// These events only.
    events: Option<Vec<u64>>,
    /// Only events received then or later: a time with its zone.
    received_from: Option<String>,
    /// Only events received before.
    received_until: Option<String>,
    /// Only for `recover_failed`: what has failed then or later.
    failed_since: Option<String>,
    /// Only for `recover_failed`: what was given up by this issue.
    issue: Option<u64>,
    /// Only events of this source.
    source: Option<String>,
    /// Only events of this `userId` or `anonymousId`.
    user: Option<String>,
    /// Only events that this filter lets pass.
    #[schema(value_type = Option<Object>)]
    filter: Option<Filter>,
    /// Events per second at most.
    rate: Option<u32>,
    /// Attempts under way at most.
    concurrency: Option<u32>,
}

const INTENTS: [(&str, Intent); 3] = [
    ("recover_failed", Intent::RecoverFailed),
    ("replay_missing", Intent::ReplayMissing),
    ("resend_range", Intent::ResendRange),
];

/// Reads a body.
///
/// # Errors
/// A problem with every mistake and its place.
pub fn read(body: &[u8]) -> Result<ReplayPlan, Problem> {
    let root = Node::root(body::text(body)?);
    let mut reader = Reader::default();
    let plan = reader.plan(&root);
    reader.0.settle(plan, "bad_replay")
}

#[derive(Default)]
struct Reader(Mistakes);

impl Reader {
    fn plan(&mut self, root: &Node<'_>) -> Option<ReplayPlan> {
        let object = self.0.keep(root.object())?;
        self.0.add(object.unknown(MEMBERS));
        let destination = self.required(&object, "destination", Node::string);
        let words = INTENTS.map(|(word, _)| word);
        let word = self.required(&object, "intent", |node| node.one_of(&words));
        let intent = INTENTS.iter().find(|(own, _)| Some(*own) == word).map(|(_, intent)| *intent);
        let scope = self.scope(&object);
        let pace = Pace {
            rate: self.count(&object, "rate", limits::RATE_EVENTS_MAX),
            concurrency: self.count(&object, "concurrency", limits::CONCURRENCY_MAX),
        };
        if intent.is_some_and(|intent| intent != Intent::RecoverFailed) {
            let misplaced =
                ["failed_since", "issue"].into_iter().filter_map(|name| object.get(name));
            self.0.add(misplaced.map(|node| node.finding("is only for the intent recover_failed")));
        }
        let (destination, intent) = (DestinationId::new(destination?), intent?);
        Some(ReplayPlan { destination, intent, cause: Cause::Asked, scope, pace })
    }

    fn scope(&mut self, object: &Object<'_>) -> Scope {
        let first = self.optional(object, "first", body::place).unwrap_or(Seq::FIRST);
        let last = self.optional(object, "last", body::place).unwrap_or(Seq(u64::MAX - 1));
        let scope = Scope {
            places: self.events(object),
            received_from: self.time(object, "received_from"),
            received_until: self.time(object, "received_until"),
            failed_since: self.time(object, "failed_since"),
            issue: self.optional(object, "issue", body::place).map(|place| place.0),
            source: self.optional(object, "source", Node::string).map(SourceId::new),
            user: self.optional(object, "user", Node::string),
            filter: self.filter(object),
            ..Scope::between(first, last.next())
        };
        if let Some(node) = object.get("last").filter(|_| first > last) {
            self.0.add([node.finding("is before first")]);
        }
        if let Some(node) = object.get("received_until")
            && scope.received_until.is_some_and(|until| Some(until) <= scope.received_from)
        {
            self.0.add([node.finding("is not after received_from")]);
        }
        scope
    }

    fn events(&mut self, object: &Object<'_>) -> BTreeSet<Seq> {
        let Some(list) = object.get("events") else { return BTreeSet::new() };
        let rows = self.0.keep(list.elements()).unwrap_or_default();
        let max = limits::REPLAY_PLACES_MAX;
        match rows.len() {
            0 => self.0.add([list.finding("names no event; leave it out for all of them")]),
            count if count > max => {
                let reason = format!("has {count} events, but {max} are allowed; name a range");
                self.0.add([list.finding(reason)]);
            }
            _ => {}
        }
        rows.iter().filter_map(|row| self.0.keep(body::place(row))).collect()
    }

    fn filter(&mut self, object: &Object<'_>) -> Filter {
        let read = object.get("filter").map_or_else(|| Ok(Filter::default()), filter::read);
        read.unwrap_or_else(|found| {
            self.0.add(found);
            Filter::default()
        })
    }

    fn time(&mut self, object: &Object<'_>, name: &str) -> Option<Timestamp> {
        self.optional(object, name, moment)
    }

    fn count(&mut self, object: &Object<'_>, name: &str, most: u32) -> Option<NonZeroU32> {
        let read = |node: &Node<'_>| node.whole_number(1..=most);
        self.optional(object, name, read).and_then(NonZeroU32::new)
    }

    fn optional<'a, T>(
        &mut self,
        object: &Object<'a>,
        name: &str,
        read: impl FnOnce(&Node<'a>) -> Result<T, Finding>,
    ) -> Option<T> {
        object.get(name).and_then(|node| self.0.keep(read(node)))
    }

    fn required<'a, T>(
        &mut self,
        object: &Object<'a>,
        name: &str,
        read: impl FnOnce(&Node<'a>) -> Result<T, Finding>,
    ) -> Option<T> {
        let node = object.get(name).ok_or_else(|| object.missing(name));
        self.0.keep(node.and_then(read))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn mistakes(body: &Value) -> Vec<String> {
        let problem = read(body.to_string().as_bytes()).expect_err("it has mistakes");
        let problem = serde_json::to_value(problem).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&json!(422), &json!("bad_replay")));
        let line = |one: &Value| {
            format!("{}: {}", one["field"].as_str().unwrap(), one["detail"].as_str().unwrap())
        };
        problem["mistakes"].as_array().unwrap().iter().map(line).collect()
    }

    #[test]
    fn everything_may_be_said() {
        let body = json!({
            "destination": "orders", "intent": "recover_failed", "first": 3, "last": 90,
            "events": [7, 5, 7], "received_from": "2026-11-25T00:00:00Z",
            "received_until": "2026-11-26T00:00:00+01:00", "failed_since": "2026-11-25T12:00:00Z",
            "source": "web", "user": "u-7", "filter": {"types": ["track"]}, "rate": 50,
            "concurrency": 4,
        });
        let plan = read(body.to_string().as_bytes()).unwrap();
        assert_eq!((plan.destination.as_str(), plan.intent), ("orders", Intent::RecoverFailed));
        let scope = &plan.scope;
        assert_eq!((scope.first, scope.end), (Seq(3), Seq(91)));
        assert_eq!(scope.places, [Seq(5), Seq(7)].into());
        let received =
            [scope.received_from, scope.received_until].map(|at| at.unwrap().to_string());
        assert_eq!(received, ["2026-11-25T00:00:00.000Z", "2026-11-25T23:00:00.000Z"]);
        assert_eq!(scope.user.as_deref(), Some("u-7"));
        assert!(scope.failed_since.is_some() && !scope.filter.is_open());
        assert_eq!(plan.pace.rate, NonZeroU32::new(50));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let check = |body: Value, expected: &[&str]| assert_eq!(mistakes(&body), expected);
        check(json!({}), &["destination: is missing", "intent: is missing"]);
        check(json!([]), &["(top): is a list, but must be an object"]);
        let good = |more: Value| {
            let mut body = json!({"destination": "d", "intent": "resend_range"});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        check(
            good(json!({"intent": "replay"})),
            &["intent: is \"replay\", but must be one of recover_failed, replay_missing, \
               resend_range"],
        );
        check(
            good(json!({"first": 9, "last": 8, "fist": 1})),
            &["fist: is not known here; did you mean first?", "last: is before first"],
        );
        check(good(json!({"first": 0})), &["first: is 0, but must be an event's number"]);
        check(
            good(json!({"events": []})),
            &["events: names no event; leave it out for all of them"],
        );
        check(
            good(json!({"failed_since": "2026-11-25T00:00:00Z"})),
            &["failed_since: is only for the intent recover_failed"],
        );
        check(
            good(json!({
                "received_from": "2026-11-25T00:00:00Z", "received_until": "2026-11-25T00:00:00Z",
            })),
            &["received_until: is not after received_from"],
        );
        check(
            good(json!({"rate": 0, "filter": {"types": ["x"]}})),
            &[
                "filter.types[0]: is \"x\", but must be one of other, identify, track, page, \
                 screen, group, alias, merge",
                "rate: is 0, but must be a whole number from 1 to 1000000",
            ],
        );
    }
}
