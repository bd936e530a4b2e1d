//! The member `postrider.delivery` of a destination: how deliveries are made, where that differs
//! from the server's settings.
//!
//! All of it is ours, so a member that is not known here is a mistake and never passed over.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use domain::delivery::Policy;
use domain::delivery::flow::OwnBounds;
use domain::delivery::lanes::Order;
use domain::delivery::policy::{Class, OwnPolicy, Preset, Treatment};
use domain::destination::OwnDelivery;
use domain::limits;

use super::finding::Finding;
use super::node::{Node, Object};
use super::source::Reader;
use crate::config::units::{INSTANT, SECOND, YEAR, parse_duration, show_duration};

/// The members of `delivery`.
pub const MEMBERS: &[&str] =
    &["paused", "autoReplay", "order", "concurrency", "rate", "stopAfter", "retry"];
/// The members of `retry`.
pub const RETRY_MEMBERS: &[&str] =
    &["preset", "minBackoff", "maxBackoff", "maxAge", "maxAttempts", "on"];

impl Reader {
    /// Reads how deliveries are made; what has a mistake is left out.
    pub(super) fn own_delivery(&mut self, destination: &Object<'_>) -> OwnDelivery {
        let own = destination.get("postrider").and_then(|node| node.object().ok());
        let Some(own) = own.as_ref().and_then(|own| own.get("delivery")) else {
            return OwnDelivery::default();
        };
        let Some(own) = self.keep(own.object()) else { return OwnDelivery::default() };
        self.mistakes.extend(own.unknown(MEMBERS));
        let orders = Order::ALL.map(|order| (order.word(), order));
        let order = self.word(&own, "order", &orders);
        let mut flag = |name| own.get(name).and_then(|node| self.keep(node.boolean()));
        let (paused, auto_replay) = (flag("paused"), flag("autoReplay"));
        let bounds = OwnBounds {
            concurrency: self.count(&own, "concurrency", limits::CONCURRENCY_MAX),
            rate: self.count(&own, "rate", limits::RATE_EVENTS_MAX),
            stop_after_ms: self.millis(&own, "stopAfter", SECOND),
        };
        let retry = own.get("retry").map_or_else(OwnPolicy::default, |node| self.retry(node));
        let (paused, auto_replay) = (paused.unwrap_or_default(), auto_replay.unwrap_or_default());
        OwnDelivery { paused, auto_replay, order, retry, bounds }
    }

    fn retry(&mut self, node: &Node<'_>) -> OwnPolicy {
        let Some(own) = self.keep(node.object()) else { return OwnPolicy::default() };
        self.mistakes.extend(own.unknown(RETRY_MEMBERS));
        let presets = Preset::ALL.map(|preset| (preset.word(), preset));
        let policy = OwnPolicy {
            preset: self.word(&own, "preset", &presets),
            backoff_min_ms: self.millis(&own, "minBackoff", INSTANT),
            backoff_max_ms: self.millis(&own, "maxBackoff", INSTANT),
            age_max_ms: self.millis(&own, "maxAge", INSTANT),
            attempts_max: self.count(&own, "maxAttempts", u32::MAX),
            on: own.get("on").map_or_else(BTreeMap::new, |node| self.treatments(node)),
        };
        self.mistakes.extend(crossed(&policy).map(|reason| own.node().finding(reason)));
        policy
    }

    fn treatments(&mut self, node: &Node<'_>) -> BTreeMap<Class, Treatment> {
        const CLASSES: [&str; 10] = {
            let mut words = [""; 10];
            let mut index = 0;
            while index < words.len() {
                words[index] = Class::ALL[index].word();
                index += 1;
            }
            words
        };
        let Some(own) = self.keep(node.object()) else { return BTreeMap::new() };
        self.mistakes.extend(own.unknown(&CLASSES));
        let known = Treatment::ALL.map(|treatment| (treatment.word(), treatment));
        let read = |class: Class| Some((class, self.word(&own, class.word(), &known)?));
        Class::ALL.into_iter().filter_map(read).collect()
    }

    /// What one of a few words stands for.
    fn word<T: Copy>(
        &mut self,
        own: &Object<'_>,
        name: &str,
        known: &[(&'static str, T)],
    ) -> Option<T> {
        let words: Vec<_> = known.iter().map(|(word, _)| *word).collect();
        let word = own.get(name).and_then(|node| self.keep(node.one_of(&words)))?;
        known.iter().find(|(own, _)| *own == word).map(|(_, meant)| *meant)
    }

    fn count(&mut self, own: &Object<'_>, name: &str, most: u32) -> Option<NonZeroU32> {
        let count = own.get(name).and_then(|node| self.keep(node.whole_number(1..=most)))?;
        NonZeroU32::new(count)
    }

    /// A duration within the bounds of the setting that it takes the place of.
    fn millis(&mut self, own: &Object<'_>, name: &str, least: Duration) -> Option<u64> {
        own.get(name).and_then(|node| self.keep(millis(node, least)))
    }
}

fn millis(node: &Node<'_>, least: Duration) -> Result<u64, Finding> {
    let text = node.string()?;
    let span = parse_duration(&text);
    let span = span.map_err(|fault| node.finding(format!("{}; {}", fault.what, fault.hint)))?;
    let refused = |what, bound| node.finding(format!("{text:?} is too {what}; the {bound}"));
    if span < least {
        return Err(refused("short", format!("least is {}", show_duration(least))));
    }
    if span > YEAR {
        return Err(refused("long", format!("most is {}", show_duration(YEAR))));
    }
    u64::try_from(span.as_millis()).map_err(|_| node.finding("is too long"))
}

/// Why the waits of a policy do not fit together, where that is known: the server's settings are not,
/// but a preset brings times of its own.
fn crossed(own: &OwnPolicy) -> Option<String> {
    let preset = own.preset.map(|preset| (preset.word(), Policy::of(preset)));
    let own_or = |own: Option<u64>, of: fn(&Policy) -> Duration| match (own, &preset) {
        (Some(millis), _) => Some((Duration::from_millis(millis), String::new())),
        (None, Some((word, policy))) => {
            let span = of(policy);
            Some((span, format!(" ({} by the preset {word})", show_duration(span))))
        }
        (None, None) => None,
    };
    let (least, of_least) = own_or(own.backoff_min_ms, |policy| policy.backoff_min)?;
    let (most, of_most) = own_or(own.backoff_max_ms, |policy| policy.backoff_max)?;
    let reason = format!("minBackoff{of_least} must not be more than maxBackoff{of_most}");
    (least > most).then_some(reason)
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn file(own: &str) -> String {
        format!(
            r#"{{"sources":[{{"id":"s","writeKey":"k","destinations":[{{"id":"d",
            "postrider":{{"delivery":{own}}},
            "destinationDefinition":{{"name":"WEBHOOK"}},"config":{{"webhookUrl":"http://a.test"}}}}]}}]}}"#
        )
    }

    fn delivery(own: &str) -> OwnDelivery {
        parse(&file(own)).expect("a file").workspace.destinations[0].delivery.clone()
    }

    #[track_caller]
    fn check(own: &str, expected: &[&str]) {
        let mistakes = parse(&file(own)).expect_err("the file has mistakes");
        let shown: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        let path = "line 2: sources[0].destinations[0].postrider.delivery";
        let expected: Vec<String> = expected.iter().map(|one| format!("{path}{one}")).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn what_is_not_said_is_the_servers() {
        for own in ["null", "{}", r#"{"paused":false,"order":null,"retry":{"on":{}}}"#] {
            assert_eq!(delivery(own), OwnDelivery::default(), "{own}");
        }
    }

    #[test]
    fn everything_may_be_said() {
        let got = delivery(
            r#"{"paused":true,"autoReplay":true,"order":"user","concurrency":4,"rate":100,"stopAfter":"2d",
            "retry":{"preset":"rudderstack","minBackoff":"1s","maxBackoff":"1m30s","maxAge":"1h",
            "maxAttempts":7,"on":{"configuration":"give_up","client_error":"hold"}}}"#,
        );
        assert!(got.paused && got.auto_replay);
        assert_eq!(got.order, Some(Order::User));
        let bounds = OwnBounds {
            concurrency: NonZeroU32::new(4),
            rate: NonZeroU32::new(100),
            stop_after_ms: Some(172_800_000),
        };
        assert_eq!(got.bounds, bounds);
        let on = [(Class::Configuration, Treatment::GiveUp), (Class::ClientError, Treatment::Hold)];
        let retry = OwnPolicy {
            preset: Some(Preset::Rudderstack),
            backoff_min_ms: Some(1_000),
            backoff_max_ms: Some(90_000),
            age_max_ms: Some(3_600_000),
            attempts_max: NonZeroU32::new(7),
            on: on.into(),
        };
        assert_eq!(got.retry, retry);
    }

    #[test]
    fn waits_are_compared_with_those_of_the_preset() {
        let crossed = |own: &str, told: &str| {
            check(&format!(r#"{{"retry":{own}}}"#), &[&format!(".retry: {told}")]);
        };
        crossed(
            r#"{"preset":"standard","minBackoff":"10m"}"#,
            "minBackoff must not be more than maxBackoff (5m by the preset standard)",
        );
        crossed(
            r#"{"preset":"rudderstack","maxBackoff":"9s"}"#,
            "minBackoff (10s by the preset rudderstack) must not be more than maxBackoff",
        );
        // What the server says of the other one is not known here: the longer one counts.
        let alone = delivery(r#"{"retry":{"minBackoff":"10m"}}"#).retry;
        let policy = Policy::of(Preset::Standard).with(&alone);
        assert_eq!(
            (policy.backoff_min, policy.backoff_max),
            (policy.backoff(1), policy.backoff(9))
        );
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        check("[]", &[": is a list, but must be an object"]);
        check(
            r#"{"pause":true,"order":"fifo","concurrency":0}"#,
            &[
                ".concurrency: is 0, but must be a whole number from 1 to 10000",
                ".order: is \"fifo\", but must be one of strict, user, anonymous, none",
                ".pause: is not known here; did you mean paused?",
            ],
        );
        check(
            r#"{"stopAfter":"5","retry":{"minBackoff":"2m","maxBackoff":"1m","on":{"tls":"no"}}}"#,
            &[
                ".retry: minBackoff must not be more than maxBackoff",
                ".retry.on.tls: is \"no\", but must be one of retry, hold, give_up",
                ".stopAfter: \"5\" is not a duration; add a unit, for example 5s",
            ],
        );
        check(
            r#"{"stopAfter":"999ms","retry":{"minBackoff":"0s","maxBackoff":"366d","maxAge":"0s"}}"#,
            &[
                ".retry.maxAge: \"0s\" is too short; the least is 1ms",
                ".retry.maxBackoff: \"366d\" is too long; the most is 8760h",
                ".retry.minBackoff: \"0s\" is too short; the least is 1ms",
                ".stopAfter: \"999ms\" is too short; the least is 1s",
            ],
        );
        check(
            r#"{"retry":{"on":{"clienterror":"retry"}}}"#,
            &[".retry.on.clienterror: is not known here; did you mean client_error?"],
        );
    }
}
