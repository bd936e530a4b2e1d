//! The budget of bytes under way: bounds what all requests together may hold in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use domain::reason::Reason;

/// Bytes that all requests of the server share.
#[derive(Debug)]
pub struct Budget {
    bytes_max: usize,
    used: AtomicUsize,
}

/// What one request has taken of the budget; given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    /// A budget of which nothing is used.
    pub fn new(bytes_max: usize) -> Self {
        Self { bytes_max, used: AtomicUsize::new(0) }
    }

    /// A share without bytes.
    pub fn share(self: &Arc<Self>) -> Share {
        Share { budget: self.clone(), bytes: 0 }
    }
}

impl Share {
    /// Takes so many bytes more.
    ///
    /// # Errors
    /// `Busy` where the budget has not so many left; nothing is taken then.
    pub fn take(&mut self, bytes: usize) -> Result<(), (Reason, String)> {
        let before = self.budget.used.fetch_add(bytes, Relaxed);
        if before.saturating_add(bytes) > self.budget.bytes_max {
            self.budget.used.fetch_sub(bytes, Relaxed);
            return Err((Reason::Busy, format!("{before} bytes of requests are under way")));
        }
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_end_where_the_budget_does_and_come_back() {
        let budget = Arc::new(Budget::new(10));
        let (mut one, mut other) = (budget.share(), budget.share());
        assert!(one.take(6).is_ok() && other.take(4).is_ok());
        assert_eq!(one.take(1).unwrap_err().0, Reason::Busy);
        drop(other);
        assert!(one.take(4).is_ok());
        drop(one);
        assert_eq!(budget.used.load(Relaxed), 0);
    }
}
