//! A refusal on its way to caller and ledger.

use std::rc::Rc;

use domain::event::intake::Rejection;
use domain::reason::Reason;
use domain::source::key::ending;
use storage::StorageError;

use super::bucket::Overdrawn;
use super::key_ring::KeyHolder;

/// A refusal on its way to caller and ledger.
pub struct Refused {
    /// Whose key it came with.
    pub holder: Option<Rc<KeyHolder>>,
    /// What is refused, and why; the first one is what its caller is told.
    pub rejections: Vec<Rejection>,
    /// Where its source has sent more than it may.
    pub overdrawn: Option<Overdrawn>,
}

impl Refused {
    /// A refusal for one reason, with the sentence that says why.
    pub fn of((reason, detail): (Reason, String)) -> Self {
        let rejection = Rejection { reason, detail, sample: String::new() };
        Self { holder: None, rejections: vec![rejection], overdrawn: None }
    }

    /// A refusal of a request without a key.
    pub fn without_key() -> Self {
        Self::of((Reason::MissingKey, "no write key".to_owned()))
    }

    /// A refusal of a key that belongs to no source.
    pub fn of_key(key: &str) -> Self {
        Self::of((Reason::BadKey, format!("the write key ends with …{}", ending(key))))
    }

    /// A refusal of what is more than the source may send.
    pub fn of_rate(overdrawn: Overdrawn, holder: &Rc<KeyHolder>) -> Self {
        let detail = overdrawn.detail.clone().unwrap_or_default();
        let refused = Self::of((Reason::RateLimited, detail)).by(Some(holder));
        Self { overdrawn: Some(overdrawn), ..refused }
    }

    /// The same, of a request with this key.
    #[must_use]
    pub fn by(self, holder: Option<&Rc<KeyHolder>>) -> Self {
        Self { holder: holder.cloned(), ..self }
    }

    /// A refusal by storage.
    pub fn of_storage(error: &StorageError) -> Self {
        let reason = match error {
            StorageError::TooLarge { .. } => Reason::TooLarge,
            error if error.passes() => Reason::StorageFull,
            StorageError::Closed => Reason::ShuttingDown,
            _ => Reason::StorageFailed,
        };
        Self::of((reason, error.to_string()))
    }

    /// The reason that its caller is told.
    pub fn reason(&self) -> Reason {
        self.rejections.first().map_or(Reason::NotAnEvent, |first| first.reason)
    }

    /// Whether it is more than a count: of a flood only one refusal in a while is.
    pub fn is_listed(&self) -> bool {
        self.overdrawn.as_ref().is_none_or(|overdrawn| overdrawn.detail.is_some())
    }
}
