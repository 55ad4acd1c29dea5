//! Points in time: the dateTime of RFC 7643 section 2.3.5 (xsd:dateTime), compared as instants.

/// A point in time in the years 0 to 9999, with nanosecond precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Seconds since 1970, without leap seconds.
    seconds: i64,
    nanoseconds: u32,
}

impl Instant {
    /// Returns the seconds since 1970 and the remaining nanoseconds.
    #[must_use]
    pub fn parts(self) -> (i64, u32) {
        (self.seconds, self.nanoseconds)
    }
}

const DAY: i64 = 24 * 60 * 60;

/// The first and the last representable second.
const RANGE: std::ops::RangeInclusive<i64> = days(0, 1, 1) * DAY..=days(10_000, 1, 1) * DAY - 1;

/// Parses a dateTime; one without an offset is taken as UTC. `None` if the text is not a dateTime.
#[must_use]
pub fn parse(text: &str) -> Option<Instant> {
    // ISO 8601 also has shorter forms, which xsd:dateTime does not allow.
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let (begin, rest) = text.split_at_checked(SHAPE.len())?;
    let fits = |(wanted, found): (&u8, u8)| match wanted {
        b'0' => found.is_ascii_digit(),
        other => found.eq_ignore_ascii_case(other),
    };
    if !SHAPE.iter().zip(begin.bytes()).all(fits) {
        return None;
    }
    let number = |from, to| begin.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // The first day of the next month, perhaps of the next year.
    let end = days(year, month + 1, 1);
    let date = days(year, month, day);
    if !(1..=12).contains(&month)
        || day == 0
        || date >= end
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let (nanoseconds, rest) = fraction(rest)?;
    // A leap second counts as the second before it.
    let seconds = date * DAY + hour * 3600 + minute * 60 + second.min(59) - offset(rest)?;
    RANGE.contains(&seconds).then_some(Instant { seconds, nanoseconds })
}

/// Returns the fraction after the point in nanoseconds (0 without a point; finer digits are
/// dropped) and the text after it.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let Some(text) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(length)?;
    let kept = digits.get(..9).unwrap_or(digits);
    Some((format!("{kept:0<9}").parse().ok().filter(|_| length > 0)?, rest))
}

/// Returns by how many seconds an offset is ahead of UTC.
fn offset(text: &str) -> Option<i64> {
    let sign = match text.as_bytes() {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let part = |text: &str, most| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<i64>().ok().filter(|part| digits && *part <= most)
    };
    Some(sign * (part(hours, 23)? * 3600 + part(minutes, 59)? * 60))
}

/// Returns the days from 1970-01-01 to a date of the Gregorian calendar. The month may be 13.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    // In years that begin in March, the leap day is the last day.
    let year = year + (month + 9) / 12 - 1;
    let day_of_year = ((month + 9) % 12 * 153 + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

/// Returns year, month and day of a number of days since 1970-01-01; the inverse of [`days`].
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let of_month = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year + i64::from(month > 9);
    (year, (month + 2) % 12 + 1, of_month)
}

/// Formats milliseconds since 1970 as responses show them: RFC 3339 in UTC, with milliseconds.
#[must_use]
pub fn format(milliseconds: u64) -> String {
    let last = u64::try_from(*RANGE.end() * 1000 + 999).unwrap_or(u64::MAX);
    let milliseconds = milliseconds.min(last);
    let seconds = i64::try_from(milliseconds / 1000).unwrap_or(*RANGE.end());
    let mut text = to_the_second(seconds);
    text.push('.');
    push_digits(&mut text, milliseconds.cast_signed() % 1000, 3);
    text.push('Z');
    text
}

/// Returns a text of fixed length whose order is that of the instants.
#[must_use]
pub fn sortable(instant: Instant) -> String {
    format!("{}.{:09}Z", to_the_second(instant.seconds), instant.nanoseconds)
}

fn to_the_second(seconds: i64) -> String {
    let (year, month, day) = date(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = String::with_capacity("0000-00-00T00:00:00.000000000Z".len());
    push_digits(&mut text, year, 4);
    for (separator, number) in [('-', month), ('-', day), ('T', hour), (':', minute), (':', second)]
    {
        text.push(separator);
        push_digits(&mut text, number, 2);
    }
    text
}

/// Appends the last `count` digits of a number. Each response has two times, and `format!` would
/// cost ten times as much.
fn push_digits(text: &mut String, number: i64, count: u32) {
    for place in (0..count).rev() {
        let digit = (number / 10_i64.pow(place)).rem_euclid(10);
        text.extend(u32::try_from(digit).ok().and_then(|digit| char::from_digit(digit, 10)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_compared_and_not_texts() {
        assert_eq!(parse("2011-05-13T04:42:34Z"), parse("2011-05-13T06:42:34.000+02:00"));
        assert_eq!(parse("2011-05-13T04:42:34"), parse("2011-05-13T04:42:34Z"));
        for other in [
            "2011-05-13",
            "yesterday",
            "20110513T044234Z",
            "2011-05-13T04:42Z",
            "2011-05-13T04:42:34Z[UTC]",
            "2011-05-13T04:42:34.Z",
            "2011-05-13T04:42:34+2",
            "2011-05-13T04:42:34+02:60",
            "2011-05-13T24:00:00Z",
            "2011-02-29T00:00:00Z",
            "2011-13-01T00:00:00Z",
            "0000-01-01T00:00:00+01:00",
        ] {
            assert!(parse(other).is_none(), "{other}");
        }
        assert_eq!(format(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
    }

    #[test]
    fn every_day_is_the_next_of_the_one_before() {
        let (mut year, mut month, mut day) = (0, 1, 1);
        for number in days(0, 1, 1)..days(10_000, 1, 1) {
            assert_eq!(date(number), (year, month, day));
            assert_eq!(days(year, month, day), number);
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 => 28 + i64::from(is_leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            (month, day) = if day == length { (month + 1, 1) } else { (month, day + 1) };
            (year, month) = if month == 13 { (year + 1, 1) } else { (year, month) };
        }
    }

    #[test]
    fn instants_sort_as_their_texts() {
        let texts = [
            "0000-03-01T00:00:00Z",
            "1969-12-31T23:59:59.999999999Z",
            "1970-01-01T00:00:00Z",
            "2000-02-29T10:00:00.5Z",
            "2000-03-01T00:00:00+13:30",
            "2000-03-01T00:00:00",
            "2016-12-31T23:59:60Z",
            "9999-12-31T23:59:59Z",
        ];
        let instants = texts.map(|text| parse(text).unwrap());
        assert!(instants.is_sorted());
        assert!(instants.map(sortable).is_sorted());
        assert_eq!(sortable(instants[1]), texts[1]);
        assert_eq!(sortable(instants[4]), "2000-02-29T10:30:00.000000000Z");
        assert_eq!(format(u64::MAX), "9999-12-31T23:59:59.999Z");
    }
}
