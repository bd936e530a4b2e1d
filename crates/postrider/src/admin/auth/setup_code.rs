//! The code of the set-up link: whoever has it makes the first admin.
//!
//! It is said once, where the log of the server goes, and lives in memory alone: a restart makes another
//! one. That only one user is ever the first is the store's promise, so a code cannot be used twice
//! however many use it at once.

use domain::account::Digest;

use super::new_secret;

/// The code of the set-up link; none where there is nothing to set up.
#[derive(Default)]
pub struct SetupCode(Option<(String, Digest)>);

impl SetupCode {
    /// A new code.
    pub fn new() -> Self {
        let code = new_secret();
        let digest = Digest::of(&code);
        Self(Some((code, digest)))
    }

    /// The path of the link: the code is behind its `#`, which no browser sends anywhere.
    pub fn path(&self) -> Option<String> {
        self.0.as_ref().map(|(code, _)| format!("/setup#{code}"))
    }

    /// Whether this is the code.
    pub fn is(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|(_, digest)| digest.is(&Digest::of(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_code_of_this_start_is_right() {
        let code = SetupCode::new();
        let path = code.path().unwrap();
        assert_eq!(path.len(), "/setup#".len() + 43);
        assert!(code.is(path.strip_prefix("/setup#").unwrap()));
        assert!(!SetupCode::new().is(path.strip_prefix("/setup#").unwrap()));
        assert!(!code.is("") && !SetupCode::default().is(""));
    }
}
