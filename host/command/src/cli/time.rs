//! Times: milliseconds since 1970 internally, seconds in JSON, dates for people.

use jiff::Timestamp;

pub(super) use scimlet::clock::now;

/// Converts milliseconds to seconds.
pub(super) fn seconds(milliseconds: u64) -> u64 {
    milliseconds / 1000
}

/// Formats a time as `2026-11-21T09:30:00Z`.
pub(super) fn date(milliseconds: u64) -> String {
    let seconds = i64::try_from(seconds(milliseconds)).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX).to_string()
}

/// Formats a time that is known to the hour as `2026-11-21T09Z` (ISO 8601, reduced accuracy), or a
/// dash for none.
pub(super) fn hour_or_dash(milliseconds: Option<u64>) -> String {
    let hour = |date: String| date.get(..13).map(|hour| format!("{hour}Z"));
    let known = milliseconds.map(date).and_then(hour);
    known.unwrap_or_else(|| "-".to_owned())
}

/// Formats a time as `2026-11-21T09:30:00Z`, or a dash for none.
pub(super) fn date_or_dash(milliseconds: Option<u64>) -> String {
    milliseconds.map_or_else(|| "-".to_owned(), date)
}

#[cfg(test)]
mod tests {
    use super::{date, hour_or_dash};

    #[test]
    fn dates_are_in_whole_seconds_of_utc() {
        assert_eq!(date(1_795_253_400_999), "2026-11-21T09:30:00Z");
        assert_eq!(hour_or_dash(Some(1_795_253_400_999)), "2026-11-21T09Z");
        assert_eq!(hour_or_dash(None), "-");
    }
}
