//! Absences: stretches of the journal whose events a destination does not take.
//!
//! A destination is disabled, or removed, from a place in the journal on and up to another one,
//! and both are written down with the edit that makes it so. What came before waits as it did,
//! however far behind the destination is; what came in between is passed over, whenever it is read.

use serde::{Deserialize, Serialize};

use crate::id::Seq;
use crate::reason::Reason;

/// Why a destination takes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Away {
    /// Somebody has disabled it.
    Disabled,
    /// It is not in the workspace, and may be put back.
    Removed,
}

/// One stretch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Absence {
    /// The first event that is not taken.
    pub from: Seq,
    /// The first event that is taken again; none while the absence lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Seq>,
    /// Why.
    pub cause: Away,
}

/// All stretches that still matter, in order and apart.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Absences(Vec<Absence>);

impl Away {
    /// Why an event that came meanwhile is not delivered.
    pub fn reason(self) -> Reason {
        match self {
            Self::Disabled => Reason::DestinationDisabled,
            Self::Removed => Reason::DestinationRemoved,
        }
    }
}

impl Absence {
    fn covers(&self, seq: Seq) -> bool {
        self.from <= seq && self.to.is_none_or(|to| seq < to)
    }
}

impl Absences {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Why an event at this place is not taken; none where it is.
    pub fn at(&self, seq: Seq) -> Option<Away> {
        self.0.iter().find(|absence| absence.covers(seq)).map(|absence| absence.cause)
    }

    /// The one that lasts.
    pub fn current(&self) -> Option<Absence> {
        self.0.last().copied().filter(|absence| absence.to.is_none())
    }

    /// What of the places from `first` to `last`, both included, lies outside of them.
    pub fn outside(&self, first: Seq, last: Seq) -> Vec<(Seq, Seq)> {
        let (mut parts, mut next) = (Vec::new(), first);
        for absence in self.0.iter().filter(|absence| absence.from <= last) {
            if next < absence.from {
                parts.push((next, Seq(absence.from.0 - 1)));
            }
            match absence.to {
                Some(to) => next = next.max(to),
                None => return parts,
            }
        }
        if next <= last {
            parts.push((next, last));
        }
        parts
    }

    /// From the place `head` on the destination is away for this cause, or takes events.
    pub fn turn(&mut self, away: Option<Away>, head: Seq) {
        let current = self.current();
        if current.map(|absence| absence.cause) == away {
            return;
        }
        if let Some(current) = current {
            self.0.pop();
            if current.from < head {
                self.0.push(Absence { to: Some(head), ..current });
            }
        }
        if let Some(cause) = away {
            self.0.push(Absence { from: head, to: None, cause });
        }
    }

    /// Forgets those that lie before the cursor: they are passed.
    pub fn forget_before(&mut self, cursor: Seq) {
        self.0.retain(|absence| absence.to.is_none_or(|to| cursor < to));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISABLED: Option<Away> = Some(Away::Disabled);
    const REMOVED: Option<Away> = Some(Away::Removed);

    fn after(turns: &[(Option<Away>, u64)]) -> Absences {
        let mut absences = Absences::default();
        turns.iter().for_each(|(away, head)| absences.turn(*away, Seq(*head)));
        absences
    }

    #[track_caller]
    fn check(turns: &[(Option<Away>, u64)], expected: &str) {
        assert_eq!(serde_json::to_string(&after(turns)).unwrap(), expected, "{turns:?}");
    }

    #[test]
    fn each_turn_is_noted_with_its_place() {
        check(&[(None, 3)], "[]");
        check(&[(DISABLED, 3), (DISABLED, 5)], r#"[{"from":3,"cause":"disabled"}]"#);
        check(&[(DISABLED, 3), (None, 5)], r#"[{"from":3,"to":5,"cause":"disabled"}]"#);
        check(&[(DISABLED, 3), (None, 3)], "[]");
        check(
            &[(DISABLED, 3), (REMOVED, 5), (None, 9), (DISABLED, 9)],
            concat!(
                r#"[{"from":3,"to":5,"cause":"disabled"},{"from":5,"to":9,"cause":"removed"},"#,
                r#"{"from":9,"cause":"disabled"}]"#
            ),
        );
    }

    #[test]
    fn an_event_is_passed_over_from_the_first_place_on_and_up_to_the_last() {
        let absences = after(&[(DISABLED, 3), (None, 5), (REMOVED, 8)]);
        let found = (1..10).map(|seq| absences.at(Seq(seq)));
        let expected = [None, None, DISABLED, DISABLED, None, None, None, REMOVED, REMOVED];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_lies_outside_is_owed() {
        let absences = after(&[(DISABLED, 3), (None, 5), (REMOVED, 8)]);
        let check = |first: u64, last: u64, expected: &[(u64, u64)]| {
            let found = absences.outside(Seq(first), Seq(last));
            let found: Vec<_> = found.iter().map(|(first, last)| (first.0, last.0)).collect();
            assert_eq!(found, expected, "{first} to {last}");
        };
        check(1, 99, &[(1, 2), (5, 7)]);
        check(1, 2, &[(1, 2)]);
        check(3, 4, &[]);
        check(4, 6, &[(5, 6)]);
        check(2, 3, &[(2, 2)]);
        check(6, 8, &[(6, 7)]);
        check(9, 9, &[]);
    }

    #[test]
    fn what_is_passed_is_forgotten_and_what_lasts_is_not() {
        let mut absences = after(&[(DISABLED, 3), (None, 5), (DISABLED, 8)]);
        absences.forget_before(Seq(4));
        assert_eq!(absences, after(&[(DISABLED, 3), (None, 5), (DISABLED, 8)]));
        absences.forget_before(Seq(5));
        assert_eq!(absences, after(&[(DISABLED, 8)]));
        absences.forget_before(Seq(99));
        assert_eq!(absences.current().map(|absence| absence.from), Some(Seq(8)));
    }
}
