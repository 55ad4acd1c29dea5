//! Points in time: the dateTime of RFC 7643 section 2.3.5 (xsd:dateTime), compared as instants.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The instant that a dateTime names; without an offset it is taken as UTC. `None` if the text is none.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    if !is_shaped(text) {
        return None;
    }
    let zoned = text.parse::<Timestamp>().ok();
    zoned.or_else(|| {
        text.parse::<DateTime>()
            .ok()?
            .to_zoned(TimeZone::UTC)
            .ok()
            .map(|z| z.timestamp())
    })
}

/// Whether a text begins with a date and a time to the second, both with their separators; ISO 8601 has shorter forms too,
/// which xsd:dateTime does not.
fn is_shaped(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let fits = |(wanted, found): (&u8, u8)| match wanted {
        b'0' => found.is_ascii_digit(),
        other => found.eq_ignore_ascii_case(other),
    };
    text.len() >= SHAPE.len() && !text.contains('[') && SHAPE.iter().zip(text.bytes()).all(fits)
}

/// Milliseconds since 1970 as answers show them: RFC 3339 in UTC, with milliseconds.
#[must_use]
pub fn format(milliseconds: u64) -> String {
    let instant = i64::try_from(milliseconds)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    format!("{:.3}", instant.unwrap_or(Timestamp::MAX))
}

/// A text of fixed length that sorts as the instants do.
#[must_use]
pub fn sortable(instant: Timestamp) -> String {
    format!("{instant:.9}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_compared_and_not_texts() {
        assert_eq!(
            parse("2011-05-13T04:42:34Z"),
            parse("2011-05-13T06:42:34.000+02:00")
        );
        assert_eq!(parse("2011-05-13T04:42:34"), parse("2011-05-13T04:42:34Z"));
        for other in [
            "2011-05-13",
            "yesterday",
            "20110513T044234Z",
            "2011-05-13T04:42Z",
            "2011-05-13T04:42:34Z[UTC]",
        ] {
            assert!(parse(other).is_none(), "{other}");
        }
        assert_eq!(format(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
    }
}
