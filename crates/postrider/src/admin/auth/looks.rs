//! Looks at payloads: which of them are news to the audit log.
//!
//! A page that shows payloads asks for them again and again. Who looks at the same thing once more
//! within a while is written down once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use domain::limits;
use domain::time::Timestamp;
use storage::Deed;

/// Who has looked at what lately.
#[derive(Default)]
pub struct Looks(Mutex<BTreeMap<(String, String, String), Timestamp>>);

impl Looks {
    /// Whether a look is to be written down.
    pub fn is_new(&self, look: &Deed) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = look.author.at;
        let is_recent = |at: &Timestamp| *at <= now && now < at.plus(limits::LOOK_TIME_MAX);
        let key = (look.author.by.clone(), look.kind.clone(), look.object.clone());
        if known.get(&key).is_some_and(is_recent) {
            return false;
        }
        if known.len() >= limits::LOOKS_MAX {
            known.retain(|_, at| is_recent(at));
        }
        if known.len() >= limits::LOOKS_MAX {
            // More is written down than needs to be, and never less.
            known.clear();
        }
        known.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use storage::{Author, DeedClass};

    use super::*;

    fn look(by: &str, object: usize, at: i64) -> Deed {
        let author = Author { at: Timestamp(at), by: by.to_owned(), address: None };
        author.does(DeedClass::Access, "view_payload", "event", &object.to_string())
    }

    #[test]
    fn the_same_look_is_new_after_a_while() {
        let looks = Looks::default();
        let span = i64::try_from(limits::LOOK_TIME_MAX.as_millis()).unwrap();
        assert!(looks.is_new(&look("anna", 1, 0)));
        assert!(!looks.is_new(&look("anna", 1, span - 1)));
        assert!(looks.is_new(&look("anna", 2, 1)) && looks.is_new(&look("berta", 1, 1)));
        assert!(looks.is_new(&look("anna", 1, span)));
        assert!(looks.is_new(&look("anna", 1, 5)), "the clock was put back");
    }

    #[test]
    fn however_many_are_looked_at_few_are_remembered() {
        let looks = Looks::default();
        for object in 0..3 * limits::LOOKS_MAX {
            assert!(looks.is_new(&look("anna", object, 0)));
        }
        assert!(looks.0.lock().unwrap().len() <= limits::LOOKS_MAX);
    }
}
