//! Policies: what is done about each class of failure, for how long, and how often.
//!
//! A destination's own settings say only what differs from the server's; [`Policy::with`] joins the
//! two. A policy is asked anew after every attempt, so an edit holds for whatever waits already.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::outcome::{Outcome, Verdict};
use crate::limits;
use crate::reason::Reason;

/// Kinds of failures that call for the same treatment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// There was no connection, or it ended, or what came was no HTTP.
    Transport,
    /// No answer in time; 408 says the same.
    Timeout,
    /// No TLS session came about.
    Tls,
    /// 429, or 425.
    Throttled,
    /// 500 to 599.
    ServerError,
    /// 401, 403, 404, or an address that may not be called: the settings are wrong, not the event.
    Configuration,
    /// 410: the endpoint is gone for good.
    Gone,
    /// 300 to 399.
    Redirect,
    /// All other 4xx: the endpoint does not want this event.
    ClientError,
    /// No request can be made of the event.
    Unsendable,
}

/// What is done about a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// Try again, until the delivery is too old or was tried too often. That does not count while
    /// the endpoint takes nothing at all.
    Retry,
    /// Try again now and then for as long as it takes: somebody has to change something first.
    Hold,
    /// Do not try again.
    GiveUp,
}

/// Policies with a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Ours: nothing is given up that a change of settings could deliver.
    #[default]
    Standard,
    /// As RudderStack does: 180 minutes and at least 3 attempts, and 4xx are given up at once.
    Rudderstack,
}

/// How failed deliveries are treated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policy {
    /// Wait after the first failed attempt; doubles with every further one.
    pub backoff_min: Duration,
    /// The longest wait, before jitter.
    pub backoff_max: Duration,
    /// No new attempt starts when the first one is older than this.
    pub age_max: Duration,
    /// As many attempts are made however old the delivery is.
    pub attempts_min: u32,
    /// No more attempts are made than this; no bound where there is none.
    pub attempts_max: Option<NonZeroU32>,
    /// What differs from the preset.
    pub on: BTreeMap<Class, Treatment>,
    /// What holds for classes that `on` does not name.
    pub preset: Preset,
}

/// What a destination's own settings say of its policy; what is not there is the server's.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnPolicy {
    /// Another preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
    /// Milliseconds after the first failed attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff_min_ms: Option<u64>,
    /// Milliseconds of the longest wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff_max_ms: Option<u64>,
    /// Milliseconds after which a delivery is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_max_ms: Option<u64>,
    /// Attempts after which a delivery is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts_max: Option<NonZeroU32>,
    /// What is done about single classes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub on: BTreeMap<Class, Treatment>,
}

impl Class {
    /// All of them, in the order of the docs.
    pub const ALL: [Self; 10] = [
        Self::Transport,
        Self::Timeout,
        Self::Tls,
        Self::Throttled,
        Self::ServerError,
        Self::Configuration,
        Self::Gone,
        Self::Redirect,
        Self::ClientError,
        Self::Unsendable,
    ];

    /// The class of an outcome; none for a success.
    pub fn of(outcome: &Outcome) -> Option<Self> {
        match outcome.verdict {
            Verdict::Taken => None,
            Verdict::Transient(reason) | Verdict::Permanent(reason) => {
                Some(Self::of_failure(reason, outcome.status))
            }
        }
    }

    /// The class of a failure, by its reason and the status of the answer, 0 for none.
    pub fn of_failure(reason: Reason, status: u16) -> Self {
        match (reason, status) {
            (Reason::ClientError, 401 | 403 | 404) | (Reason::BlockedAddress, _) => {
                Self::Configuration
            }
            (Reason::ClientError, 410) => Self::Gone,
            (Reason::ClientError, _) => Self::ClientError,
            (
                Reason::Timeout | Reason::DnsTimeout | Reason::ConnectTimeout | Reason::TlsTimeout,
                _,
            ) => Self::Timeout,
            (reason, _) if reason.is_of_tls() => Self::Tls,
            (Reason::Throttled, _) => Self::Throttled,
            (Reason::ServerError, _) => Self::ServerError,
            (Reason::Redirect, _) => Self::Redirect,
            (Reason::BadRequest | Reason::DynamicUrlRefused, _) => Self::Unsendable,
            // What is tried again is not lost, so that is where the rest belongs.
            _ => Self::Transport,
        }
    }

    /// Whether it says something of the endpoint, rather than of one event.
    pub fn is_of_endpoint(self) -> bool {
        !matches!(self, Self::ClientError | Self::Unsendable)
    }

    /// Whether an attempt that ended so shows that the endpoint is there: it took the event, or refused
    /// this one.
    pub fn is_answer(class: Option<Self>) -> bool {
        matches!(class, None | Some(Self::ClientError))
    }

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Transport => "transport",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
            Self::Throttled => "throttled",
            Self::ServerError => "server_error",
            Self::Configuration => "configuration",
            Self::Gone => "gone",
            Self::Redirect => "redirect",
            Self::ClientError => "client_error",
            Self::Unsendable => "unsendable",
        }
    }
}

impl Treatment {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Retry, Self::Hold, Self::GiveUp];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Hold => "hold",
            Self::GiveUp => "give_up",
        }
    }
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Standard, Self::Rudderstack];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Rudderstack => "rudderstack",
        }
    }

    fn treatment(self, class: Class) -> Treatment {
        match (self, class) {
            (Self::Standard, Class::Configuration | Class::Gone | Class::Redirect) => {
                Treatment::Hold
            }
            (
                _,
                Class::Configuration
                | Class::Gone
                | Class::Redirect
                | Class::ClientError
                | Class::Unsendable,
            ) => Treatment::GiveUp,
            _ => Treatment::Retry,
        }
    }
}

impl Policy {
    /// The policy of a preset.
    pub fn of(preset: Preset) -> Self {
        let (hours, attempts_min) = match preset {
            Preset::Standard => (72, 1),
            Preset::Rudderstack => (3, 3),
        };
        Self {
            backoff_min: Duration::from_secs(10),
            backoff_max: Duration::from_secs(300),
            age_max: Duration::from_secs(hours * 3_600),
            attempts_min,
            attempts_max: None,
            on: BTreeMap::new(),
            preset,
        }
    }

    /// This policy with what a destination says of its own. A preset of its own brings its own
    /// times; the rest is kept.
    #[must_use]
    pub fn with(&self, own: &OwnPolicy) -> Self {
        let mut policy = match own.preset {
            Some(preset) => Self::of(preset),
            None => self.clone(),
        };
        let set = |field: &mut Duration, own: Option<u64>| {
            *field = own.map_or(*field, Duration::from_millis);
        };
        set(&mut policy.backoff_min, own.backoff_min_ms);
        set(&mut policy.backoff_max, own.backoff_max_ms);
        set(&mut policy.age_max, own.age_max_ms);
        policy.backoff_max = policy.backoff_max.max(policy.backoff_min);
        policy.attempts_max = own.attempts_max.or(policy.attempts_max);
        policy.on.extend(&own.on);
        policy
    }

    /// What is done about a class of failures.
    pub fn treatment(&self, class: Class) -> Treatment {
        self.on.get(&class).copied().unwrap_or_else(|| self.preset.treatment(class))
    }

    /// The longest wait after so many attempts, the last of which failed so; an endpoint that says when
    /// to come back is waited for as long as it may ask.
    pub fn wait_max(&self, attempts: u32, reason: Reason, status: u16) -> Duration {
        let treatment = self.treatment(Class::of_failure(reason, status));
        let step = self.step(treatment, attempts);
        let asked = match status {
            429 | 503 => Duration::from_secs(limits::RETRY_AFTER_SECONDS_MAX),
            _ => Duration::ZERO,
        };
        step.saturating_mul(3).div_f64(2.0).max(self.backoff_min).max(asked)
    }

    /// The wait after so many attempts where they are treated so, before jitter.
    pub fn step(&self, treatment: Treatment, attempts: u32) -> Duration {
        match treatment {
            Treatment::Hold => self.backoff_max,
            Treatment::Retry | Treatment::GiveUp => self.backoff(attempts),
        }
    }

    /// The wait after so many attempts, before jitter.
    pub fn backoff(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(31);
        self.backoff_min.saturating_mul(1 << doublings).min(self.backoff_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_a_class() {
        let check = |outcome: &Outcome, want| assert_eq!(Class::of(outcome), want, "{outcome:?}");
        let status = |status| Outcome::of_answer(status, None, None);
        check(&status(204), None);
        for (code, want) in [
            (302, Class::Redirect),
            (400, Class::ClientError),
            (401, Class::Configuration),
            (403, Class::Configuration),
            (404, Class::Configuration),
            (408, Class::Timeout),
            (410, Class::Gone),
            (413, Class::ClientError),
            (425, Class::Throttled),
            (429, Class::Throttled),
            (500, Class::ServerError),
            (599, Class::ServerError),
            (999, Class::Transport),
        ] {
            check(&status(code), Some(want));
        }
        for (reason, want) in [
            (Reason::ConnectRefused, Class::Transport),
            (Reason::Reset, Class::Transport),
            (Reason::DnsFailed, Class::Transport),
            (Reason::ConnectTimeout, Class::Timeout),
            (Reason::TlsFailed, Class::Tls),
            (Reason::TlsExpired, Class::Tls),
            (Reason::TlsClientCertificateWanted, Class::Tls),
            (Reason::NotTls, Class::Tls),
            (Reason::TlsTimeout, Class::Timeout),
            (Reason::DnsTimeout, Class::Timeout),
            (Reason::HeaderTooLarge, Class::Transport),
            (Reason::BlockedAddress, Class::Configuration),
            (Reason::BadRequest, Class::Unsendable),
        ] {
            check(&Outcome::transient(reason, String::new()), Some(want));
        }
    }

    #[test]
    fn presets_differ_in_what_a_change_of_settings_could_deliver() {
        let treatments = |preset| Class::ALL.map(|class| Policy::of(preset).treatment(class));
        use Treatment::{GiveUp, Hold, Retry};
        let standard = [Retry, Retry, Retry, Retry, Retry, Hold, Hold, Hold, GiveUp, GiveUp];
        assert_eq!(treatments(Preset::Standard), standard);
        let rudderstack =
            [Retry, Retry, Retry, Retry, Retry, GiveUp, GiveUp, GiveUp, GiveUp, GiveUp];
        assert_eq!(treatments(Preset::Rudderstack), rudderstack);
    }

    #[test]
    fn own_settings_change_what_they_name_and_nothing_else() {
        let server = Policy { attempts_max: NonZeroU32::new(50), ..Policy::of(Preset::Standard) };
        assert_eq!(server.with(&OwnPolicy::default()), server);
        let own = OwnPolicy {
            backoff_min_ms: Some(400_000),
            on: BTreeMap::from([(Class::Gone, Treatment::GiveUp)]),
            ..OwnPolicy::default()
        };
        let policy = server.with(&own);
        assert_eq!(policy.backoff_min, Duration::from_secs(400));
        assert_eq!(policy.backoff_max, policy.backoff_min, "never below the shortest wait");
        assert_eq!((policy.age_max, policy.attempts_max), (server.age_max, server.attempts_max));
        assert_eq!(policy.treatment(Class::Gone), Treatment::GiveUp);
        assert_eq!(policy.treatment(Class::Redirect), Treatment::Hold);
        let own = OwnPolicy { preset: Some(Preset::Rudderstack), ..OwnPolicy::default() };
        assert_eq!(server.with(&own), Policy::of(Preset::Rudderstack));
    }

    #[test]
    fn own_settings_come_back_as_they_were_written() {
        let own = OwnPolicy {
            preset: Some(Preset::Rudderstack),
            age_max_ms: Some(5),
            on: BTreeMap::from([(Class::Configuration, Treatment::Hold)]),
            ..OwnPolicy::default()
        };
        let text = serde_json::to_string(&own).unwrap();
        let want = r#"{"preset":"rudderstack","age_max_ms":5,"on":{"configuration":"hold"}}"#;
        assert_eq!(text, want);
        assert_eq!(serde_json::from_str::<OwnPolicy>(&text).unwrap(), own);
        assert_eq!(serde_json::from_str::<OwnPolicy>("{}").unwrap(), OwnPolicy::default());
        for class in Class::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.word());
        }
        for treatment in Treatment::ALL {
            assert_eq!(serde_json::to_value(treatment).unwrap(), treatment.word());
        }
        for preset in Preset::ALL {
            assert_eq!(serde_json::to_value(preset).unwrap(), preset.word());
        }
    }
}
