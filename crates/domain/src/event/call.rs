//! Which call of an SDK an event is: a hash of its `messageId`, by which resends are told.

use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::json;

/// A 128-bit hash of a `messageId`, under a seed that clients cannot know.
///
/// Two ids with one hash would cost an event; with 128 bits that does not happen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CallHash(pub u128);

impl CallHash {
    /// The hash of an id.
    pub fn of(id: &str, seed: u64) -> Self {
        Self(xxh3_128_with_seed(id.as_bytes(), seed))
    }

    /// The hash of a stored event's id; none where it has none, as in events of old.
    pub fn of_stored(payload: &[u8], seed: u64) -> Option<Self> {
        let text = std::str::from_utf8(payload).ok()?;
        let [id] = json::named(text, ["messageId"])?;
        Some(Self::of(&json::string(id?)?, seed))
    }
}

#[cfg(test)]
mod tests {
    use super::CallHash;

    #[test]
    fn a_stored_event_has_the_hash_of_its_id() {
        let check = |payload: &str, want: Option<&str>| {
            let got = CallHash::of_stored(payload.as_bytes(), 7);
            assert_eq!(got, want.map(|id| CallHash::of(id, 7)), "{payload}");
        };
        check(r#"{"a":{"messageId":"no"},"messageId":"m1","z":1}"#, Some("m1"));
        check(r#"{"messageId":"\u006d1"}"#, Some("m1"));
        check(r#"{"messageId":7}"#, None);
        check(r#"{"a":1}"#, None);
        check("not json", None);
        assert_ne!(CallHash::of("m1", 7), CallHash::of("m1", 8));
        assert_ne!(CallHash::of("m1", 7), CallHash::of("m2", 7));
    }
}
