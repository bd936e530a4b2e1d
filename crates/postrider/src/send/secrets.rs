//! What must not be shown wherever it stands, as an endpoint may send back what it got.

use std::rc::Rc;

use domain::limits;

/// What stands in the place of a secret.
pub const HIDDEN: &str = "[secret]";

/// The secrets of a destination that may be part of requests and answers; cheap to clone.
#[derive(Clone)]
pub struct Secrets(Rc<[String]>);

impl Secrets {
    /// The secrets among configured values: each as it is, and what follows a word such as `Bearer`.
    pub fn among<'v>(values: impl Iterator<Item = &'v str>) -> Self {
        let parts = |value: &'v str| {
            let credential = value.split_once(' ').map(|(_, rest)| rest.trim());
            std::iter::once(value).chain(credential)
        };
        let mut secrets: Vec<String> = values.flat_map(parts).map(str::to_owned).collect();
        secrets.retain(|secret| !secret.is_empty());
        // A secret that holds another one is hidden whole.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self(secrets.into())
    }

    /// Whether a text is one of them.
    pub fn have(&self, text: &str) -> bool {
        self.0.iter().any(|secret| secret == text)
    }

    /// A text without those of them that are too long to stand in it by chance.
    pub fn taken_out(&self, text: &str) -> String {
        let long = |secret: &&String| secret.len() >= limits::SOUGHT_SECRET_BYTES_MIN;
        let sought = self.0.iter().filter(long);
        sought.fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) {
                text.replace(secret.as_str(), HIDDEN)
            } else {
                text
            }
        })
    }
}
