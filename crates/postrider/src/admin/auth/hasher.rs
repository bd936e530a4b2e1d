//! Passwords: hashed and compared with argon2id, aside and few at a time.
//!
//! Each hash takes some 19 MiB and tens of milliseconds of a processor, on purpose. That is not done
//! on the admin listener's own thread, and however many log in at once, only a few are worked on. A
//! turn goes with the work: it ends with that, also where nobody waits any more.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use domain::account::PasswordHash;
use domain::limits;
use tokio::sync::Semaphore;

use crate::admin::problem::Problem;

/// What no password is hashed to, at the same cost as any other.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What passwords are hashed with.
pub struct Hasher {
    turns: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(limits::PASSWORD_HASHES_MAX)) }
    }
}

impl Hasher {
    /// The hash of a new password.
    ///
    /// # Errors
    /// Where the machine does not give what is needed.
    ///
    /// # Cancellation
    /// The work is done all the same, and nobody gets its result.
    pub async fn hash(&self, password: String) -> Result<PasswordHash, Problem> {
        self.aside(move || hash_now(&password)).await.flatten().ok_or_else(failed)
    }

    /// Whether a password is the one that was hashed; never, where there is no hash, and that takes as
    /// long.
    ///
    /// # Errors
    /// Where the machine does not give what is needed.
    ///
    /// # Cancellation
    /// As [`Self::hash`].
    pub async fn is_right(
        &self,
        password: String,
        known: Option<PasswordHash>,
    ) -> Result<bool, Problem> {
        let known = known.map_or_else(|| NOBODYS.to_owned(), |known| known.as_str().to_owned());
        self.aside(move || verify_now(&password, &known)).await.ok_or_else(failed)
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = self.turns.clone().acquire_owned().await.ok()?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.ok()
    }
}

/// The hash of a new password, on this thread.
pub fn hash_now(password: &str) -> Option<PasswordHash> {
    let hash = Argon2::default().hash_password(password.as_bytes()).ok()?;
    Some(PasswordHash::new(hash.to_string()))
}

fn verify_now(password: &str, known: &str) -> bool {
    Argon2::default().verify_password(password.as_bytes(), known).is_ok()
}

fn failed() -> Problem {
    Problem::new(503, "busy", "the password could not be checked; try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_right_or_not_and_nobodys_never() {
        let hasher = Hasher::default();
        let hash = hasher.hash("blue cat on a roof".to_owned()).await.unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "OWASP's parameters");
        let is_right = async |password: &str, known| {
            hasher.is_right(password.to_owned(), known).await.unwrap()
        };
        assert!(is_right("blue cat on a roof", Some(hash.clone())).await);
        assert!(!is_right("blue cat on a root", Some(hash)).await);
        assert!(!is_right("", None).await);
        assert!(PasswordHash::new(NOBODYS).as_str().parse::<argon2::PasswordHash>().is_ok());
        assert!(argon2::Params::default().m_cost() == 19_456, "as nobody's hash costs");
    }
}
