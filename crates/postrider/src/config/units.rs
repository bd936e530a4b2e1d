//! How sizes and durations are written: `16MiB`, `100ms`, `1h30m`.

use std::time::Duration;

/// Longest duration that is taken: 10 years. Source: chosen, keeps sums of times in range.
const DURATION_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// The shortest duration that is not nothing.
pub const INSTANT: Duration = Duration::from_millis(1);
/// One second.
pub const SECOND: Duration = Duration::from_secs(1);
/// One hour.
pub const HOUR: Duration = Duration::from_secs(3600);
/// Seven days.
pub const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
/// 365 days.
pub const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
/// Bytes of a kibibyte.
pub const KIB: usize = 1 << 10;
/// Bytes of a mebibyte.
pub const MIB: usize = 1 << 20;
/// Bytes of a gibibyte.
pub const GIB: usize = 1 << 30;

const DURATION_UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

const SIZE_UNITS: [(&str, usize); 4] = [("GiB", GIB), ("MiB", MIB), ("KiB", KIB), ("B", 1)];

/// What is wrong with a text, and how to mend it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// What is wrong, quoting the text.
    pub what: String,
    /// How to mend it.
    pub hint: String,
}

impl Fault {
    /// Makes a fault from its two sentences.
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into() }
    }
}

/// Reads a duration: whole numbers, each with a unit, largest first by habit but not by rule.
///
/// # Errors
/// A [`Fault`] where a unit is missing or unknown, or the sum exceeds ten years.
pub fn parse_duration(text: &str) -> Result<Duration, Fault> {
    let millis = sum_of_parts(text).ok_or_else(|| not_a_duration(text))?;
    let duration = Duration::from_millis(millis);
    if duration > DURATION_MAX {
        return Err(Fault::new(format!("{text:?} is too long"), "ten years are the most"));
    }
    Ok(duration)
}

fn sum_of_parts(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut millis: u64 = 0;
    while !rest.is_empty() {
        let (number, after) = split_number(rest)?;
        let unit_len = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_len);
        let (_, factor) = DURATION_UNITS.into_iter().find(|(name, _)| *name == unit)?;
        millis = millis.checked_add(number.checked_mul(factor)?)?;
        rest = next;
    }
    (!text.trim().is_empty()).then_some(millis)
}

fn not_a_duration(text: &str) -> Fault {
    let hint = match text.trim().parse::<u64>() {
        Ok(_) => format!("add a unit, for example {}s", text.trim()),
        Err(_) => {
            "write whole numbers with a unit (ms, s, m, h, d), for example 10s or 1h30m".into()
        }
    };
    Fault::new(format!("{text:?} is not a duration"), hint)
}

/// Reads a size: a whole number of bytes, or one with `KiB`, `MiB` or `GiB`.
///
/// # Errors
/// A [`Fault`] where the unit is unknown (decimal units such as `MB` are) or the size too large.
pub fn parse_size(text: &str) -> Result<usize, Fault> {
    read_size(text.trim()).ok_or_else(|| not_a_size(text))
}

fn read_size(text: &str) -> Option<usize> {
    let (number, unit) = split_number(text)?;
    let number = usize::try_from(number).ok()?;
    let unit = unit.trim_start();
    if unit.is_empty() {
        return Some(number);
    }
    let (_, factor) = SIZE_UNITS.into_iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(factor)
}

fn not_a_size(text: &str) -> Fault {
    let meant = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim_end();
    let unit = match text.trim().trim_start_matches(|c: char| !c.is_ascii_alphabetic()) {
        "k" | "K" | "kB" | "KB" | "kib" => "KiB",
        "g" | "G" | "GB" | "gib" => "GiB",
        _ => "MiB",
    };
    let hint = match meant.parse::<usize>() {
        Ok(number) => format!("the units are B, KiB, MiB and GiB, for example {number}{unit}"),
        Err(_) => "write a whole number with B, KiB, MiB or GiB, for example 16MiB".into(),
    };
    Fault::new(format!("{text:?} is not a size"), hint)
}

fn split_number(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, rest))
}

/// Writes a duration as short as it can be read back: `5m`, `90s`, `1500ms`.
pub fn show_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".into();
    }
    // Days are left out: 72h is what people write.
    let fitting = DURATION_UNITS[..4].iter().rev().find(|(_, factor)| millis % factor == 0);
    let (unit, factor) = fitting.copied().unwrap_or(("ms", 1));
    format!("{}{unit}", millis / factor)
}

/// Writes a size as short as it can be read back: `16MiB`, `1000B`.
pub fn show_size(bytes: usize) -> String {
    let fitting = SIZE_UNITS.iter().find(|(_, factor)| bytes != 0 && bytes.is_multiple_of(*factor));
    let (unit, factor) = fitting.copied().unwrap_or(("B", 1));
    format!("{}{unit}", bytes / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_units_and_may_be_compound() {
        let check = |text: &str, millis: Option<u64>| {
            assert_eq!(parse_duration(text).ok(), millis.map(Duration::from_millis), "{text:?}");
        };
        check("100ms", Some(100));
        check("10s", Some(10_000));
        check(" 5m ", Some(300_000));
        check("72h", Some(259_200_000));
        check("3d", Some(259_200_000));
        check("1h30m", Some(5_400_000));
        check("0s", Some(0));
        for wrong in ["", " ", "10", "s", "1.5h", "-1s", "10 s", "10S", "1e3s", "99999999999d"] {
            check(wrong, None);
        }
    }

    #[test]
    fn sizes_are_bytes_or_binary_units() {
        let check = |text: &str, bytes: Option<usize>| {
            assert_eq!(parse_size(text).ok(), bytes, "{text:?}");
        };
        check("0", Some(0));
        check("1000", Some(1000));
        check("7B", Some(7));
        check("4KiB", Some(4096));
        check("16MiB", Some(16 << 20));
        check("16 MiB", Some(16 << 20));
        check("1GiB", Some(1 << 30));
        for wrong in ["", "MiB", "16MB", "16m", "1.5MiB", "-1", "99999999999999999999"] {
            check(wrong, None);
        }
    }

    #[test]
    fn hints_say_what_was_probably_meant() {
        let hint = |fault: Option<Fault>| fault.map(|fault| fault.hint).unwrap_or_default();
        assert_eq!(hint(parse_duration("10").err()), "add a unit, for example 10s");
        assert_eq!(
            hint(parse_size("4KB").err()),
            "the units are B, KiB, MiB and GiB, for example 4KiB"
        );
        assert!(hint(parse_size("lots").err()).contains("16MiB"));
    }

    #[test]
    fn what_is_shown_can_be_read_back() {
        for millis in [0, 1, 100, 1_500, 10_000, 300_000, 259_200_000] {
            let duration = Duration::from_millis(millis);
            assert_eq!(parse_duration(&show_duration(duration)), Ok(duration));
        }
        for bytes in [0, 1, 1000, 4096, 16 << 20, 3 << 30] {
            assert_eq!(parse_size(&show_size(bytes)), Ok(bytes));
        }
        assert_eq!(show_duration(Duration::from_secs(259_200)), "72h");
        assert_eq!(show_size(16 << 20), "16MiB");
    }
}
