//! Identifiers as a person sees them: without code points that leave no mark on a screen.
//!
//! Two ids that look alike should be one id. Copying from documents and chats brings zero-width
//! spaces, direction marks and soft hyphens along; they would make a second user of the first.

use std::borrow::Cow;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Removes invisible and non-printable code points from `text`, then trims it.
///
/// Letters, marks, numbers, punctuation, symbols and the ASCII space stay, except the few among
/// them that are drawn as nothing. Sanitizing twice changes nothing more.
#[must_use]
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text.trim_matches(' '));
    }
    let text = text.trim_matches(|c| c == ' ' || !is_visible(c));
    if text.chars().all(is_visible) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|&c| is_visible(c)).collect())
}

/// Whether `c` stays: it leaves a mark, changes one, or is the ASCII space.
fn is_visible(c: char) -> bool {
    match c {
        ' '..='~' => true,
        _ => is_printable(c) && !is_blank(c),
    }
}

/// The rule of Go's `unicode.IsPrint`, apart from the ASCII space.
fn is_printable(c: char) -> bool {
    match c.general_category_group() {
        GeneralCategoryGroup::Letter
        | GeneralCategoryGroup::Mark
        | GeneralCategoryGroup::Number
        | GeneralCategoryGroup::Punctuation
        | GeneralCategoryGroup::Symbol => true,
        GeneralCategoryGroup::Separator | GeneralCategoryGroup::Other => false,
    }
}

/// Code points that are drawn as nothing, although their category counts as printable in one
/// version of Unicode or another.
fn is_blank(c: char) -> bool {
    matches!(
        c,
        '\u{034F}' // combining grapheme joiner
            | '\u{061C}' // Arabic letter mark
            | '\u{115F}' | '\u{1160}' // Hangul choseong and jungseong fillers
            | '\u{17B4}' | '\u{17B5}' // Khmer inherent vowels
            | '\u{180E}' // Mongolian vowel separator
            | '\u{2800}' // Braille blank
            | '\u{3164}' | '\u{FFA0}' // Hangul fillers
            | '\u{1D159}' // musical null notehead
            | '\u{1D173}'..='\u{1D17A}' // musical beams, ties, slurs and phrases
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let sanitized = sanitize(text);
        assert_eq!(sanitized, expected, "of {text:?}");
        let contiguous = text.contains(expected);
        let borrowed = matches!(sanitized, Cow::Borrowed(_));
        assert_eq!(borrowed, contiguous, "copies only what it must, of {text:?}");
    }

    #[test]
    fn visible_text_stays() {
        for text in [
            "",
            "a",
            "user-42",
            "a b  c",
            "ada@example.com",
            "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
            "José",
            "Жанна",
            "सीता",
            "山田太郎",
            "e\u{301}",
            "½ Ⅻ ٣",
            "“quoted” — €5 ±1",
            "🦀",
            "☎\u{FE0F}",
            "\u{FFFD}",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn ends_are_trimmed_after_the_removal() {
        check("  a  ", "a");
        check(" ", "");
        check("\t a\r\n", "a");
        check("\u{200B} a \u{200B} ", "a");
        check(" José\u{FEFF} ", "José");
        check("\u{A0}a b\u{3000}", "a b");
        check("\u{200B}", "");
        check("a \u{200B} b", "a  b");
    }

    #[test]
    fn invisible_code_points_go_wherever_they_are() {
        let ranges = [
            0x00..=0x1F,
            0x7F..=0xA0,
            0xAD..=0xAD,
            0x34F..=0x34F,
            0x378..=0x379,
            0x600..=0x605,
            0x61C..=0x61C,
            0x6DD..=0x6DD,
            0x70F..=0x70F,
            0x115F..=0x1160,
            0x1680..=0x1680,
            0x17B4..=0x17B5,
            0x180E..=0x180E,
            0x2000..=0x200F,
            0x2028..=0x202F,
            0x205F..=0x2064,
            0x2065..=0x206F,
            0x2800..=0x2800,
            0x3000..=0x3000,
            0x3164..=0x3164,
            0xE000..=0xE001,
            0xF8FF..=0xF8FF,
            0xFEFF..=0xFEFF,
            0xFFA0..=0xFFA0,
            0xFFF9..=0xFFFB,
            0xFFFE..=0xFFFF,
            0x1D159..=0x1D159,
            0x1D173..=0x1D17A,
            0xE0001..=0xE0001,
            0xE0020..=0xE007F,
            0xF0000..=0xF0000,
            0x10FFFD..=0x10FFFF,
        ];
        for c in ranges.into_iter().flatten().filter_map(char::from_u32) {
            check(&format!("a{c}b"), "ab");
            check(&format!("{c}é{c}"), "é");
        }
    }

    proptest! {
        #[test]
        fn what_is_left_is_visible_trimmed_and_stable(text in any::<String>()) {
            let once = sanitize(&text);
            prop_assert!(once.chars().all(is_visible));
            prop_assert_eq!(once.trim(), &*once);
            prop_assert_eq!(sanitize(&once), once.clone());
        }

        #[test]
        fn what_is_left_keeps_its_order(text in "[ a-cé\u{200B}\u{AD}\t]{0,12}") {
            let filtered: String = text.chars().filter(|&c| is_visible(c)).collect();
            prop_assert_eq!(sanitize(&text), filtered.trim());
        }

        #[test]
        fn printable_ascii_is_not_copied(text in "[!-~]([ -~]*[!-~])?") {
            prop_assert!(matches!(sanitize(&text), Cow::Borrowed(same) if same == text));
        }
    }
}
