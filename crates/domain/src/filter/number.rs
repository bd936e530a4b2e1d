//! Numbers of JSON compared by their value, digit by digit.
//!
//! No float is made of them, so 9007199254740993 is not 9007199254740992, and 1e400 is a number
//! like any other.

use std::cmp::Ordering;

/// Stands for an exponent beyond every number that anybody writes.
const EXPONENT_MAX: i64 = i64::MAX / 4;

/// A number as what decides its order.
struct Decimal<'a> {
    /// -1, 0 or 1.
    sign: i8,
    /// The place of the first digit that is not 0, counted from the point.
    magnitude: i64,
    whole: &'a [u8],
    fraction: &'a [u8],
}

/// Compares two numbers as JSON spells them.
pub fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (Decimal::of(one), Decimal::of(other));
    let by_sign = one.sign.cmp(&other.sign);
    if by_sign.is_ne() || one.sign == 0 {
        return by_sign;
    }
    let by_size = one.magnitude.cmp(&other.magnitude).then_with(|| one.compare_digits(&other));
    if one.sign < 0 { by_size.reverse() } else { by_size }
}

impl<'a> Decimal<'a> {
    fn of(text: &'a str) -> Self {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut number = Self {
            sign: if negative { -1 } else { 1 },
            magnitude: 0,
            whole: whole.as_bytes(),
            fraction: fraction.as_bytes(),
        };
        let zeros = number.all_digits().take_while(|digit| *digit == b'0').count();
        if zeros == whole.len() + fraction.len() {
            number.sign = 0;
        }
        let places = i64::try_from(whole.len()).unwrap_or(0) - i64::try_from(zeros).unwrap_or(0);
        number.magnitude = places.saturating_add(exponent_of(exponent));
        number
    }

    fn all_digits(&self) -> impl Iterator<Item = u8> {
        self.whole.iter().chain(self.fraction).copied()
    }

    /// Compares digits from the first one on that is not 0; a shorter number goes on with zeros.
    fn compare_digits(&self, other: &Self) -> Ordering {
        let mut one = self.all_digits().skip_while(|digit| *digit == b'0');
        let mut two = other.all_digits().skip_while(|digit| *digit == b'0');
        loop {
            match (one.next(), two.next()) {
                (None, None) => return Ordering::Equal,
                (one, two) => {
                    let order = one.unwrap_or(b'0').cmp(&two.unwrap_or(b'0'));
                    if order.is_ne() {
                        return order;
                    }
                }
            }
        }
    }
}

fn exponent_of(text: &str) -> i64 {
    let beyond = if text.starts_with('-') { -EXPONENT_MAX } else { EXPONENT_MAX };
    text.parse().unwrap_or(beyond).clamp(-EXPONENT_MAX, EXPONENT_MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_compare_by_value() {
        let check = |one: &str, other: &str, want: Ordering| {
            assert_eq!(compare(one, other), want, "{one} and {other}");
            assert_eq!(compare(other, one), want.reverse(), "{other} and {one}");
        };
        for (one, other) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("-0", "0.000"),
            ("1.50", "15e-1"),
            ("0e9", "0"),
            ("1E+2", "100.0"),
        ] {
            check(one, other, Ordering::Equal);
        }
        for (less, more) in [
            ("9007199254740992", "9007199254740993"),
            ("-9007199254740993", "-9007199254740992"),
            ("9007199254740992.1", "9007199254740993"),
            ("0.1", "0.10000000000000000001"),
            ("9e99", "1e100"),
            ("1e400", "2e400"),
            ("1e400", "1e99999999999999999999"),
            ("-1e400", "-1e-99999999999999999999"),
            ("1e-99999999999999999999", "0.1"),
            ("-1", "0"),
            ("0", "1e-400"),
            ("9", "10"),
            ("0.09", "0.1"),
        ] {
            check(less, more, Ordering::Less);
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_compare_as_such(one: i128, other: i128) {
            prop_assert_eq!(compare(&one.to_string(), &other.to_string()), one.cmp(&other));
        }

        #[test]
        fn fractions_compare_as_such(one in -1e6_f64..1e6, other in -1e6_f64..1e6) {
            let order = one.partial_cmp(&other).unwrap();
            prop_assert_eq!(compare(&format!("{one:?}"), &format!("{other:e}")), order);
        }
    }
}
