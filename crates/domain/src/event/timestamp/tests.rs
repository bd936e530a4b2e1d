//! Tests of reading and writing times.

use super::*;
use proptest::prelude::*;

/// Reads `text`; the time it means, as it is written, or the empty text.
#[track_caller]
fn check(text: &str, expected: &str) {
    let written = parse(text).map(format).unwrap_or_default();
    assert_eq!(written, expected, "of {text:?}");
    assert_eq!(is_canonical(text), text == written && !text.is_empty(), "of {text:?}");
}

#[test]
fn the_form_written_is_kept() {
    for text in [
        "2016-03-24T17:46:45.123Z",
        "2016-03-24T17:46:45.000Z",
        "2016-03-24T17:46:45.123+05:30",
        "2016-03-24T17:46:45.123-08:00",
        "2016-03-24T17:46:45.123+23:59",
        "0001-01-01T00:00:00.000Z",
        "0001-01-01T00:00:00.000+14:00",
        "9999-12-31T23:59:59.999Z",
        "9999-12-31T23:59:59.999-12:00",
        "1969-12-31T23:59:59.999Z",
        "2000-02-29T00:00:00.000Z",
        "2024-02-29T23:59:59.999Z",
    ] {
        check(text, text);
    }
}

#[test]
fn rfc_3339_and_iso_8601_are_read() {
    check("2016-03-24T17:46:45Z", "2016-03-24T17:46:45.000Z");
    check("2016-03-24T17:46:45", "2016-03-24T17:46:45.000Z");
    check("2016-03-24 17:46:45", "2016-03-24T17:46:45.000Z");
    check("2016-03-24t17:46:45z", "2016-03-24T17:46:45.000Z");
    check("2016-03-24T17:46", "2016-03-24T17:46:00.000Z");
    check("2016-03-24T17:46+01:00", "2016-03-24T17:46:00.000+01:00");
    check("2016-03-24", "2016-03-24T00:00:00.000Z");
    check("  2016-03-24\n", "2016-03-24T00:00:00.000Z");
    check("2016-03-24T17:46:45.1Z", "2016-03-24T17:46:45.100Z");
    check("2016-03-24T17:46:45.12Z", "2016-03-24T17:46:45.120Z");
    check("2016-03-24T17:46:45,123Z", "2016-03-24T17:46:45.123Z");
    check("2016-03-24T17:46:45.123999Z", "2016-03-24T17:46:45.123Z");
    check("2016-03-24T17:46:45.123456789Z", "2016-03-24T17:46:45.123Z");
    check("2016-03-24T17:46:45.123456+00:00", "2016-03-24T17:46:45.123Z");
    check("2016-03-24T17:46:45.123+00:00", "2016-03-24T17:46:45.123Z");
    check("2016-03-24T17:46:45.123-00:00", "2016-03-24T17:46:45.123Z");
    check("2016-03-24T17:46:45.123+0530", "2016-03-24T17:46:45.123+05:30");
    check("2016-03-24T17:46:45.123-08", "2016-03-24T17:46:45.123-08:00");
    check("2016-03-24 17:46:45 +0100", "2016-03-24T17:46:45.000+01:00");
    check("2016-03-24 17:46:45 UTC", "2016-03-24T17:46:45.000Z");
    check("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.000Z");
}

#[test]
fn dates_with_month_names_are_read() {
    check("Thu, 24 Mar 2016 17:46:45 GMT", "2016-03-24T17:46:45.000Z");
    check("Thu, 24 Mar 2016 17:46:45 +0200", "2016-03-24T17:46:45.000+02:00");
    check("Thu, 24 Mar 2016 17:46:45 -0700 (PDT)", "2016-03-24T17:46:45.000-07:00");
    check("24 Mar 2016 17:46:45 EST", "2016-03-24T17:46:45.000-05:00");
    check("24 Mar 16 17:46 UT", "2016-03-24T17:46:00.000Z");
    check("Thursday, 24-Mar-16 17:46:45 GMT", "2016-03-24T17:46:45.000Z");
    check("Thu Mar 24 2016 17:46:45 GMT+0000 (UTC)", "2016-03-24T17:46:45.000Z");
    check(
        "Thu Mar 24 2016 17:46:45 GMT-0700 (Pacific Daylight Time)",
        "2016-03-24T17:46:45.000-07:00",
    );
    check("Thu Mar 24 17:46:45 2016", "2016-03-24T17:46:45.000Z");
    check("Thu Mar  3 17:46:45 UTC 2016", "2016-03-03T17:46:45.000Z");
    check("24 Mar 2016", "2016-03-24T00:00:00.000Z");
    check("24-Mar-2016", "2016-03-24T00:00:00.000Z");
    check("24 march 2016", "2016-03-24T00:00:00.000Z");
    check("Sept. 3, 1998", "1998-09-03T00:00:00.000Z");
    check("Mar 24, 2016", "2016-03-24T00:00:00.000Z");
    check("2016 Mar 24", "2016-03-24T00:00:00.000Z");
    check("March 24th, 2016 at 5:46 pm", "2016-03-24T17:46:00.000Z");
    check("Mar 24, 2016 5:46:45 PM", "2016-03-24T17:46:45.000Z");
    check("Mar 24, 2016, 5:46:45\u{202F}PM", "2016-03-24T17:46:45.000Z");
    check("Mar 24, 2016 12:00:00 AM", "2016-03-24T00:00:00.000Z");
    check("Mar 24, 2016 12:00:00 PM", "2016-03-24T12:00:00.000Z");
}

#[test]
fn dates_in_figures_are_read() {
    check("2016/03/24 17:46:45", "2016-03-24T17:46:45.000Z");
    check("2016/03/24", "2016-03-24T00:00:00.000Z");
    check("2016/3/4 7:46:45.5", "2016-03-04T07:46:45.500Z");
    check("03/24/2016 17:46:45", "2016-03-24T17:46:45.000Z");
    check("03/04/2016", "2016-03-04T00:00:00.000Z");
    check("3/4/16", "2016-03-04T00:00:00.000Z");
    check("3/4/69", "1969-03-04T00:00:00.000Z");
    check("3/24/2016, 5:46:45 PM", "2016-03-24T17:46:45.000Z");
    check("3/24/2016 5:46pm", "2016-03-24T17:46:00.000Z");
    check("3.24.2016", "2016-03-24T00:00:00.000Z");
    check("2016-3-24 17:46:45", "2016-03-24T17:46:45.000Z");
    check("2016-03-24 05:46:45 PM", "2016-03-24T17:46:45.000Z");
    check("2016-03-24 17:46:45.123456789 +0200 CEST", "2016-03-24T17:46:45.123+02:00");
    check("2016-03-24 17:46:45 +0000 UTC", "2016-03-24T17:46:45.000Z");
}

#[test]
fn unix_times_are_read() {
    check("1458841605", "2016-03-24T17:46:45.000Z");
    check("1458841605123", "2016-03-24T17:46:45.123Z");
    check("1458841605123999", "2016-03-24T17:46:45.123Z");
    check("1458841605123999999", "2016-03-24T17:46:45.123Z");
    check("9999999999", "2286-11-20T17:46:39.000Z");
    check("9999999999999999999", "2286-11-20T17:46:39.999Z");
    check("0000000000", "1970-01-01T00:00:00.000Z");
}

#[test]
fn everything_else_is_no_time() {
    for text in [
        "",
        " ",
        "{{ RSA_DEF_SENT_AT_TS }}",
        "{{ RSA_DEF_ORIGINAL_TS }}",
        "null",
        "now",
        "yesterday",
        "0",
        "2016",
        "14588416051",
        "99999999999999999999",
        "-1458841605",
        "1458841605.5",
        "2016-03",
        "2016-00-24",
        "2016-13-24",
        "2016-03-00",
        "2016-03-32",
        "2016-04-31T00:00:00Z",
        "2015-02-29",
        "1900-02-29",
        "0000-03-24T00:00:00Z",
        "10000-03-24T00:00:00Z",
        "2016-03-24T",
        "2016-03-24T17",
        "2016-03-24T24:00:00Z",
        "2016-03-24T17:60:00Z",
        "2016-03-24T17:46:61Z",
        "2016-03-24T17:46:45.Z",
        "2016-03-24T17:46:45X",
        "2016-03-24T17:46:45+24:00",
        "2016-03-24T17:46:45+01:60",
        "2016-03-24T17:46:45+1:00",
        "2016-03-24T17:46:45Z trailing",
        "2016-03-24T17:46:45ZZ",
        "2016-03-24T17:46:4５Z",
        "24/03/2016",
        "03/24",
        "03/24/2016/1",
        "Mar 2016",
        "Mar 24",
        "Thu",
        "Mar 24, 2016 17:46 PM",
        "Mar 24, 2016 0:46 AM",
        "Mar 24, 2016 PM",
        "Mar Mar 24 2016",
        "Mar 24 2016 2017",
        "24 Mar 2016 17:46:45 CEST",
        "24 Mar 2016 17:46:45 (CEST",
        "24 Ma 2016",
        "17:46:45",
        "é/é/é",
        "24é Mar 2016",
    ] {
        check(text, "");
    }
}

#[test]
fn only_the_exact_form_is_canonical() {
    for text in [
        "2016-03-24T17:46:45.123+00:00",
        "2016-03-24T17:46:45.123-00:00",
        "2016-03-24T17:46:45.123+0100",
        "2016-03-24T17:46:45.123z",
        "2016-03-24t17:46:45.123Z",
        "2016-03-24 17:46:45.123Z",
        "2016-03-24T17:46:45,123Z",
        "2016-03-24T17:46:45.123 Z",
        " 2016-03-24T17:46:45.123Z",
        "2016-03-24T17:46:60.123Z",
        "2016-02-30T17:46:45.123Z",
    ] {
        assert!(!is_canonical(text), "{text:?}");
    }
}

#[test]
fn instants_outside_the_years_of_four_digits_are_clamped() {
    let cases = [
        (i64::MIN, "0001-01-01T00:00:00.000Z"),
        (FIRST_MS - 1, "0001-01-01T00:00:00.000Z"),
        (FIRST_MS, "0001-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (1_458_841_605_123, "2016-03-24T17:46:45.123Z"),
        (LAST_MS, "9999-12-31T23:59:59.999Z"),
        (LAST_MS + 1, "9999-12-31T23:59:59.999Z"),
        (i64::MAX, "9999-12-31T23:59:59.999Z"),
    ];
    for (ms, expected) in cases {
        assert_eq!(format_utc(Timestamp(ms)), expected, "of {ms}");
    }
}

#[test]
fn a_zone_moves_the_clock_but_not_the_instant() {
    let instant = |text| parse(text).map(EventTime::timestamp);
    assert_eq!(instant("2016-03-24T17:46:45+01:00"), Some(Timestamp(1_458_838_005_000)));
    assert_eq!(instant("2016-03-24T17:46:45+01:00"), instant("2016-03-24T16:46:45Z"));
    assert_eq!(instant("2016-03-24T23:46:45-08:00"), instant("2016-03-25T07:46:45Z"));
}

#[test]
fn parts_that_cannot_be_written_are_no_time() {
    assert_eq!(EventTime::from_parts(Timestamp(0), 24 * 60), None);
    assert_eq!(EventTime::from_parts(Timestamp(0), i16::MIN), None);
    assert_eq!(EventTime::from_parts(Timestamp(FIRST_MS), -1), None);
    assert_eq!(EventTime::from_parts(Timestamp(LAST_MS), 1), None);
    assert_eq!(EventTime::from_parts(Timestamp(i64::MAX), 1), None);
    assert!(EventTime::from_parts(Timestamp(FIRST_MS), 1).is_some());
}

#[test]
fn every_day_follows_the_one_before() {
    let mut days = FIRST_MS / DAY_MS;
    for year in 1..=9999 {
        for month in 1..=12 {
            for day in 1..=days_in_month(year, month) {
                assert_eq!(days_from_civil(year, month, day), days);
                assert_eq!(civil_from_days(days), (year, month, day));
                days += 1;
            }
        }
    }
    assert_eq!(days, LAST_MS / DAY_MS + 1);
}

fn time() -> impl Strategy<Value = EventTime> {
    (FIRST_MS..=LAST_MS, -1439..=1439_i16).prop_filter_map("outside the years", |(ms, minutes)| {
        EventTime::from_parts(Timestamp(ms), minutes)
    })
}

/// Texts that come close to a time, to reach every branch.
fn nearly_a_time() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[0-9]{1,4}([/.:-][0-9]{1,4}){0,3}",
        "(Thu|Mar|may|PM|am|GMT|UTC|Z|at|é)[,.]?",
        "(GMT)?[+-][0-9]{1,4}(:[0-9]{2})?",
        "\\([A-Z]*\\)?",
    ];
    prop::collection::vec(word, 0..6).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        let _ = (parse(&text), is_canonical(&text));
    }

    #[test]
    fn what_is_read_can_be_written_and_read_again(text in nearly_a_time()) {
        if let Some(time) = parse(&text) {
            prop_assert_eq!(parse(&format(time)), Some(time));
        }
    }

    #[test]
    fn what_is_written_is_read_as_the_same(time in time()) {
        let text = format(time);
        prop_assert_eq!(parse(&text), Some(time));
        prop_assert!(is_canonical(&text));
    }

    #[test]
    fn any_instant_is_written_in_utc(ms in any::<i64>()) {
        let time = EventTime::utc(Timestamp(ms));
        prop_assert_eq!(parse(&format_utc(Timestamp(ms))), Some(time));
    }

    #[test]
    fn the_calendar_agrees_with_another_one(ms in FIRST_MS..=LAST_MS) {
        let instant = jiff::Timestamp::from_millisecond(ms).expect("within its years");
        prop_assert_eq!(format_utc(Timestamp(ms)), format!("{instant:.3}"));
    }
}
