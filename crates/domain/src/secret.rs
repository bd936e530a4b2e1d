//! Secrets: what people may see of one.

/// A secret has at least so many characters, if its last ones are shown. Source: chosen; two thirds
/// stay unknown.
const SHOWN_CHARS_MIN: usize = 12;

/// Characters that are shown of a secret. Source: chosen; enough to tell two of them apart.
const SHOWN_CHARS: usize = 4;

/// The last characters of a secret, by which people know it; none of one that is short.
pub fn ending(secret: &str) -> &str {
    if secret.chars().count() < SHOWN_CHARS_MIN {
        return "";
    }
    let last = secret.char_indices().rev().nth(SHOWN_CHARS - 1);
    last.map_or("", |(at, _)| &secret[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_characters_of_a_long_secret_are_shown() {
        for (secret, want) in [
            ("", ""),
            ("elevenchars", ""),
            ("twelve-chars", "hars"),
            ("Bearer s3cret-of-äöüß", "äöüß"),
        ] {
            assert_eq!(ending(secret), want, "{secret}");
        }
    }
}
