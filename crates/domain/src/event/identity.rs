//! Whose an event is: hashes of its `userId` and `anonymousId`, which lanes are made of.

use std::num::NonZeroU64;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::sanitize::sanitize;

/// A 64-bit hash of one identity of a user.
///
/// It is stored with every event, so the function never changes. Two users with one hash would
/// only wait for each other, nothing worse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IdentityHash(pub NonZeroU64);

/// Seeds keep a `userId` and an `anonymousId` with the same text apart.
const USER_SEED: u64 = 1;
const ANONYMOUS_SEED: u64 = 2;

impl IdentityHash {
    /// The hash of a `userId`; none for an empty one.
    pub fn of_user(id: &str) -> Option<Self> {
        Self::of(id, USER_SEED)
    }

    /// The hash of an `anonymousId`; none for an empty one.
    pub fn of_anonymous(id: &str) -> Option<Self> {
        Self::of(id, ANONYMOUS_SEED)
    }

    fn of(id: &str, seed: u64) -> Option<Self> {
        if id.is_empty() {
            return None;
        }
        // Zero stands for "no identity" on disk, so the one text that hashes to it moves to 1.
        let hash = xxh3_64_with_seed(id.as_bytes(), seed);
        Some(Self(NonZeroU64::new(hash).unwrap_or(NonZeroU64::MIN)))
    }
}

/// The identities of one event; an event has at least one, except kinds that are exempt.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Identities {
    /// Hash of `userId`.
    pub user: Option<IdentityHash>,
    /// Hash of `anonymousId`.
    pub anonymous: Option<IdentityHash>,
}

impl Identities {
    /// Those of whoever has this id, as `userId` or as `anonymousId`.
    pub fn named(id: &str) -> Self {
        let id = sanitize(id);
        Self { user: IdentityHash::of_user(&id), anonymous: IdentityHash::of_anonymous(&id) }
    }

    /// Whether one of them is the other's.
    pub fn touch(self, other: Self) -> bool {
        let is_one = |own: Option<IdentityHash>, other| own.is_some() && own == other;
        is_one(self.user, other.user) || is_one(self.anonymous, other.anonymous)
    }

    /// The hashes that are there.
    pub fn iter(self) -> impl Iterator<Item = IdentityHash> {
        self.user.into_iter().chain(self.anonymous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_an_id_is_found_by_it() {
        let event = |user: &str, anonymous: &str| Identities {
            user: IdentityHash::of_user(user),
            anonymous: IdentityHash::of_anonymous(anonymous),
        };
        let named = Identities::named;
        assert!(named("u1").touch(event("u1", "a1")) && named("a1").touch(event("u1", "a1")));
        assert!(named(" u1 ").touch(event("u1", "")), "as it is stored");
        assert!(!named("u2").touch(event("u1", "a1")) && !named("u1").touch(event("", "")));
        assert!(!named("").touch(event("", "")), "nobody is nobody");
        assert!(!event("x", "").touch(event("", "x")), "a user is no stranger");
    }
}
