//! Timestamps of events: read in whatever form a client wrote them, written in one.
//!
//! Nearly all SDKs write RFC 3339, so that form is read first and by hand. What people type into
//! their own requests comes after: dates of HTTP and mail, of JavaScript, with slashes, with month
//! names, unix times. A day and a month in figures stand in the American order. A time without a
//! zone is UTC, and everything finer than a millisecond is cut off.
//!
//! The form written is Go's `2006-01-02T15:04:05.000Z07:00`, which receivers of such events know:
//! always three digits of milliseconds, and the zone the client wrote.

use crate::time::Timestamp;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Years have four digits, by RFC 3339: 0001-01-01T00:00:00.000 to 9999-12-31T23:59:59.999.
const FIRST_MS: i64 = -62_135_596_800_000;
const LAST_MS: i64 = 253_402_300_799_999;

/// A point in time and the zone in which its author wrote it.
///
/// The local date is always within the years 1 to 9999, and the zone within a day of UTC.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EventTime {
    timestamp: Timestamp,
    offset_minutes: i16,
}

impl EventTime {
    /// A point in time as seen in the zone `offset_minutes` east of UTC.
    ///
    /// None where the zone is a day or more away, or the local year is not within 1 to 9999.
    #[must_use]
    pub fn from_parts(timestamp: Timestamp, offset_minutes: i16) -> Option<Self> {
        let time = Self { timestamp, offset_minutes };
        let fits = offset_minutes.unsigned_abs() < 24 * 60
            && (FIRST_MS..=LAST_MS).contains(&time.local_ms());
        fits.then_some(time)
    }

    /// A point in time in UTC; the nearest one within the years 1 to 9999.
    #[must_use]
    pub fn utc(timestamp: Timestamp) -> Self {
        Self { timestamp: Timestamp(timestamp.0.clamp(FIRST_MS, LAST_MS)), offset_minutes: 0 }
    }

    /// The point in time, without its zone.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        self.timestamp
    }

    /// How far its zone is east of UTC.
    #[must_use]
    pub fn offset_minutes(self) -> i16 {
        self.offset_minutes
    }

    /// What the author's clock and calendar showed, counted like a timestamp in UTC.
    fn local_ms(self) -> i64 {
        self.timestamp.0.saturating_add(i64::from(self.offset_minutes) * MINUTE_MS)
    }
}

/// Reads a timestamp in any common form; none where it is not one.
#[must_use]
pub fn parse(text: &str) -> Option<EventTime> {
    let text = text.trim();
    parse_iso(text).or_else(|| parse_unix(text)).or_else(|| parse_words(text))
}

/// Whether `text` is a valid time exactly as [`write`] puts it, so that its bytes may stay.
#[must_use]
pub fn is_canonical(text: &str) -> bool {
    let Some((civil, zone)) = text.as_bytes().split_at_checked(CIVIL_LEN) else {
        return false;
    };
    parse_iso(text).is_some_and(|time| {
        civil == civil_text(time.local_ms())
            && match time.offset_minutes {
                0 => zone == b"Z",
                minutes => zone == zone_text(minutes),
            }
    })
}

/// The time as `2016-03-24T17:46:45.123+01:00`, in its own zone; `Z` stands for UTC.
#[must_use]
pub fn format(time: EventTime) -> String {
    let mut out = Vec::with_capacity(CIVIL_LEN + ZONE_LEN);
    write(time, &mut out);
    text_of(out)
}

/// Appends what [`format`] returns.
pub fn write(time: EventTime, out: &mut Vec<u8>) {
    out.extend_from_slice(&civil_text(time.local_ms()));
    match time.offset_minutes {
        0 => out.push(b'Z'),
        minutes => out.extend_from_slice(&zone_text(minutes)),
    }
}

/// The point in time as `2016-03-24T17:46:45.123Z`; the nearest one within the years 1 to 9999.
#[must_use]
pub fn format_utc(timestamp: Timestamp) -> String {
    let mut out = Vec::with_capacity(CIVIL_LEN + 1);
    write_utc(timestamp, &mut out);
    text_of(out)
}

/// Appends what [`format_utc`] returns.
pub fn write_utc(timestamp: Timestamp, out: &mut Vec<u8>) {
    write(EventTime::utc(timestamp), out);
}

/// What is written is ASCII, so nothing is ever lost here.
fn text_of(ascii: Vec<u8>) -> String {
    String::from_utf8(ascii).unwrap_or_default()
}

// The form that is written.

/// The length of `2016-03-24T17:46:45.123`.
const CIVIL_LEN: usize = 23;
/// The length of `+01:00`.
const ZONE_LEN: usize = 6;

/// Date and time of day of `local_ms`, which is within the years 1 to 9999.
fn civil_text(local_ms: i64) -> [u8; CIVIL_LEN] {
    let (year, month, day) = civil_from_days(local_ms.div_euclid(DAY_MS));
    let ms = local_ms.rem_euclid(DAY_MS) as u32;
    let (hour, minute, second, ms) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
    let ([y0, y1], [y2, y3]) = (two_digits(year / 100), two_digits(year % 100));
    let ([m0, m1], [d0, d1]) = (two_digits(month), two_digits(day));
    let ([h0, h1], [i0, i1]) = (two_digits(hour), two_digits(minute));
    let ([s0, s1], [f0, f1]) = (two_digits(second), two_digits(ms / 10));
    let [_, f2] = two_digits(ms % 10);
    [
        y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', i0, i1, b':', s0, s1, b'.',
        f0, f1, f2,
    ]
}

/// The zone as `+01:00`.
fn zone_text(offset_minutes: i16) -> [u8; ZONE_LEN] {
    let sign = if offset_minutes < 0 { b'-' } else { b'+' };
    let minutes = u32::from(offset_minutes.unsigned_abs());
    let ([h0, h1], [m0, m1]) = (two_digits(minutes / 60), two_digits(minutes % 60));
    [sign, h0, h1, b':', m0, m1]
}

/// `value` is below 100.
fn two_digits(value: u32) -> [u8; 2] {
    [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]
}

// The calendar. Both directions count days from 0000-03-01, so that a leap day ends its year, and
// in eras of 400 years, which all have the same number of days.

const ERA_DAYS: u32 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: u32 = 719_468;

/// The year, month and day that is `days` after 1970-01-01, within the years 1 to 9999.
fn civil_from_days(days: i64) -> (u32, u32, u32) {
    let days = (days + i64::from(EPOCH_DAYS)) as u32;
    let (era, day) = (days / ERA_DAYS, days % ERA_DAYS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let (month, next_year) =
        if month_from_march < 10 { (month_from_march + 3, 0) } else { (month_from_march - 9, 1) };
    (era * 400 + year + next_year, month, day_of_month)
}

/// Days from 1970-01-01 to a date within the years 1 to 9999.
fn days_from_civil(year: u32, month: u32, day: u32) -> i64 {
    let (year, month_from_march) =
        if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year) = (year / 400, year % 400);
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day = era * ERA_DAYS + 365 * year + year / 4 - year / 100 + day_of_year;
    i64::from(day) - i64::from(EPOCH_DAYS)
}

fn days_in_month(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

// Reading.

/// A time of day as it was written.
#[derive(Clone, Copy, Default)]
struct Clock {
    hour: u32,
    minute: u32,
    second: u32,
    ms: u32,
}

/// The parts of a time as they were written, not yet known to be one.
#[derive(Clone, Copy, Default)]
struct Draft {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    clock: Option<Clock>,
    half: Option<Half>,
    offset_minutes: Option<i16>,
}

/// The half of a day on a clock with twelve hours.
#[derive(Clone, Copy)]
enum Half {
    Am,
    Pm,
}

impl Draft {
    fn finish(self) -> Option<EventTime> {
        let (year, month, day) = (self.year?, self.month?, self.day?);
        let in_calendar = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day);
        if !in_calendar {
            return None;
        }
        let offset_minutes = self.offset_minutes.unwrap_or(0);
        let local_ms = days_from_civil(year, month, day) * DAY_MS + self.ms_of_day()?;
        let utc_ms = local_ms - i64::from(offset_minutes) * MINUTE_MS;
        EventTime::from_parts(Timestamp(utc_ms), offset_minutes)
    }

    fn ms_of_day(&self) -> Option<i64> {
        let Some(clock) = self.clock else {
            return self.half.is_none().then_some(0);
        };
        let hour = match (self.half, clock.hour) {
            (None, hour @ 0..=23) => hour,
            (Some(Half::Am), hour @ 1..=12) => hour % 12,
            (Some(Half::Pm), hour @ 1..=12) => hour % 12 + 12,
            _ => return None,
        };
        if clock.minute > 59 || clock.second > 60 {
            return None;
        }
        // A leap second counts as the second before it: the milliseconds since 1970 have no other.
        let seconds = hour * 3600 + clock.minute * 60 + clock.second.min(59);
        Some(i64::from(seconds) * 1000 + i64::from(clock.ms))
    }
}

/// Reads `YYYY-MM-DD[T ]HH:MM[:SS[.,fraction]][zone]`, or the date alone.
fn parse_iso(text: &str) -> Option<EventTime> {
    let mut reader = Reader(text);
    let year = reader.digits(4)?;
    reader.skip(b"-")?;
    let month = reader.digits(2)?;
    reader.skip(b"-")?;
    let day = reader.digits(2)?;
    let mut draft =
        Draft { year: Some(year), month: Some(month), day: Some(day), ..Draft::default() };
    if !reader.0.is_empty() {
        reader.skip(b"Tt ")?;
        draft.clock = Some(reader.clock()?);
        draft.offset_minutes = match reader.0.trim_start() {
            "" => None,
            zone => Some(parse_zone(zone)?),
        };
    }
    draft.finish()
}

/// Reads digits alone: unix seconds, milliseconds, microseconds or nanoseconds, by their length.
fn parse_unix(text: &str) -> Option<EventTime> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (multiply, divide) = match text.len() {
        10 => (1000, 1),
        13 => (1, 1),
        16 => (1, 1000),
        19 => (1, 1_000_000),
        _ => return None,
    };
    let count: u64 = text.parse().ok()?;
    let ms = i64::try_from(count * multiply / divide).ok()?;
    EventTime::from_parts(Timestamp(ms), 0)
}

/// Reads words in any order that leaves no doubt, as in `Thu, 24 Mar 2016 17:46:45 GMT`.
fn parse_words(text: &str) -> Option<EventTime> {
    let mut draft = Draft::default();
    for word in without_comment(text)?.split_whitespace() {
        draft.take(word.trim_matches(','))?;
    }
    draft.finish()
}

/// JavaScript and mail name the zone once more at the end: `17:46:45 GMT+0100 (CET)`.
fn without_comment(text: &str) -> Option<&str> {
    match text.split_once('(') {
        Some((before, comment)) => comment.ends_with(')').then_some(before),
        None => Some(text),
    }
}

impl Draft {
    /// Takes a word for what it looks like; none where it is nothing, or the second of its kind.
    fn take(&mut self, word: &str) -> Option<()> {
        match word.bytes().next() {
            None => Some(()),
            Some(b'0'..=b'9') => self.take_figures(word),
            Some(b'+' | b'-') => fill(&mut self.offset_minutes, parse_zone(word)?),
            Some(_) => self.take_name(word.trim_end_matches('.')),
        }
    }

    fn take_figures(&mut self, word: &str) -> Option<()> {
        let end = word.bytes().position(|byte| !byte.is_ascii_digit());
        match end.and_then(|end| word.as_bytes().get(end)) {
            Some(b':') => self.take_clock(word),
            Some(b'/' | b'-' | b'.') => self.take_date(word),
            _ => self.take_day_or_year(word),
        }
    }

    /// Takes `17:46:45`, `5:46pm` or `17:46Z`.
    fn take_clock(&mut self, word: &str) -> Option<()> {
        let mut reader = Reader(word);
        fill(&mut self.clock, reader.clock()?)?;
        if reader.0.is_empty() { Some(()) } else { self.take_half_or_zone(reader.0) }
    }

    fn take_half_or_zone(&mut self, word: &str) -> Option<()> {
        match parse_half(word) {
            Some(half) => fill(&mut self.half, half),
            None => fill(&mut self.offset_minutes, parse_zone(word)?),
        }
    }

    /// Takes `2016/3/24`, `3/24/2016` or `24-Mar-2016`.
    fn take_date(&mut self, word: &str) -> Option<()> {
        let separator = word.chars().find(|c| !c.is_ascii_digit())?;
        let mut parts = word.split(separator);
        let parts = (parts.next()?, parts.next()?, parts.next()?, parts.next());
        let (year, month, day) = match parts {
            (year, month, day, None) if year.len() == 4 => (year, month, day),
            (day, name, year, None) if parse_month(name).is_some() => (year, name, day),
            (month, day, year, None) => (year, month, day),
            _ => return None,
        };
        fill(&mut self.year, parse_year(year)?)?;
        fill(&mut self.month, parse_month(month).or_else(|| parse_number(month, 2))?)?;
        fill(&mut self.day, parse_number(day, 2)?)
    }

    /// Takes `24`, `24th` or `2016`. Of two short numbers the second is the year.
    fn take_day_or_year(&mut self, word: &str) -> Option<()> {
        let is_year = word.len() == 4 && word.ends_with(|c: char| c.is_ascii_digit());
        if is_year || self.day.is_some() {
            return fill(&mut self.year, parse_year(word)?);
        }
        let ordinal = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end));
        fill(&mut self.day, parse_number(ordinal.unwrap_or(word), 2)?)
    }

    fn take_name(&mut self, word: &str) -> Option<()> {
        if is_weekday(word) || word.eq_ignore_ascii_case("at") {
            Some(())
        } else if let Some(month) = parse_month(word) {
            fill(&mut self.month, month)
        } else if self.offset_minutes.is_some() && is_zone_name(word) {
            // Go writes a zone twice: `+0200 CEST`.
            Some(())
        } else {
            self.take_half_or_zone(word)
        }
    }
}

fn fill<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    let is_first = slot.is_none();
    *slot = Some(value);
    is_first.then_some(())
}

/// The number in up to `len_max` digits and nothing else.
fn parse_number(text: &str, len_max: usize) -> Option<u32> {
    let is_number = text.len() <= len_max && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

/// A year in four digits, or in two: those from 69 on were in the last century, as Go has it.
fn parse_year(text: &str) -> Option<u32> {
    let year = parse_number(text, 4)?;
    match text.len() {
        4 => Some(year),
        2 => Some(if year < 69 { 2000 + year } else { 1900 + year }),
        _ => None,
    }
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

fn parse_month(word: &str) -> Option<u32> {
    (1..).zip(MONTHS).find_map(|(number, name)| abbreviates(word, name).then_some(number))
}

fn is_weekday(word: &str) -> bool {
    WEEKDAYS.iter().any(|name| abbreviates(word, name))
}

/// Whether `word` is `name` or its beginning, three letters at least, in any case.
fn abbreviates(word: &str, name: &str) -> bool {
    word.len() >= 3 && name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn parse_half(word: &str) -> Option<Half> {
    if word.eq_ignore_ascii_case("am") {
        Some(Half::Am)
    } else if word.eq_ignore_ascii_case("pm") {
        Some(Half::Pm)
    } else {
        None
    }
}

/// Zones by name and their offsets in hours. Source: RFC 2822, section 4.3.
const ZONES: [(&str, i16); 12] = [
    ("Z", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("UT", 0),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
];

fn is_zone_name(word: &str) -> bool {
    matches!(word.len(), 3..=5) && word.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Minutes east of UTC of `Z`, `GMT`, `+0100`, `+01:00`, `+01` or `GMT+0100`.
fn parse_zone(text: &str) -> Option<i16> {
    let name_len = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (name, shift) = text.split_at(name_len);
    if name.is_empty() {
        return parse_shift(shift);
    }
    let (_, hours) = ZONES.iter().find(|(zone, _)| zone.eq_ignore_ascii_case(name))?;
    match shift {
        "" => Some(hours * 60),
        _ if *hours == 0 => parse_shift(shift),
        _ => None,
    }
}

/// Minutes east of UTC of `+0100`, `+01:00` or `+01`.
fn parse_shift(text: &str) -> Option<i16> {
    let mut reader = Reader(text);
    let is_west = text.starts_with('-');
    reader.skip(b"+-")?;
    let hours = reader.digits(2)?;
    let minutes = if reader.0.is_empty() {
        0
    } else {
        let _ = reader.skip(b":");
        reader.digits(2)?
    };
    if !reader.0.is_empty() || hours > 23 || minutes > 59 {
        return None;
    }
    let east = i16::try_from(hours * 60 + minutes).ok()?;
    Some(if is_west { -east } else { east })
}

/// What is still to be read.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    /// Skips one byte, if it is one of these ASCII ones.
    fn skip(&mut self, any_of: &[u8]) -> Option<()> {
        let first = self.0.as_bytes().first()?;
        if any_of.contains(first) { self.advance(1) } else { None }
    }

    /// Reads a number of exactly `len` digits.
    fn digits(&mut self, len: usize) -> Option<u32> {
        let digits = self.0.as_bytes().get(..len)?;
        let number = digits.iter().try_fold(0, |number, digit| match digit {
            b'0'..=b'9' => Some(number * 10 + u32::from(digit - b'0')),
            _ => None,
        })?;
        self.advance(len)?;
        Some(number)
    }

    /// Reads `17:46`, `17:46:45`, `17:46:45.123` or `5:46`.
    fn clock(&mut self) -> Option<Clock> {
        let hour = self.digits(2).or_else(|| self.digits(1))?;
        self.skip(b":")?;
        let minute = self.digits(2)?;
        let mut clock = Clock { hour, minute, second: 0, ms: 0 };
        if self.skip(b":").is_some() {
            clock.second = self.digits(2)?;
            if self.skip(b".,").is_some() {
                clock.ms = self.fraction_ms()?;
            }
        }
        Some(clock)
    }

    /// Reads all digits there are, at least one, and cuts after the milliseconds.
    fn fraction_ms(&mut self) -> Option<u32> {
        let len = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (read, scale) = match len {
            0 => return None,
            1 => (1, 100),
            2 => (2, 10),
            _ => (3, 1),
        };
        let ms = self.digits(read)? * scale;
        self.advance(len - read)?;
        Some(ms)
    }

    fn advance(&mut self, len: usize) -> Option<()> {
        self.0 = self.0.get(len..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests;
