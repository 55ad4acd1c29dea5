//! Durations as profiles and administrators write them: `600d`. The component reads those of
//! profiles and the command `scimlet` those of its arguments; both read them here.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a failing test may panic"))]

/// A duration of at least one second and at most a thousand years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lifetime {
    seconds: u64,
}

/// The text is not a duration; the message says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LifetimeError(&'static str);

/// Keeps every date that is computed from a duration in range.
const LONGEST: u64 = 1000 * 366 * 24 * 60 * 60;

const FORM: LifetimeError =
    LifetimeError("a length of time is a number and a unit (s, m, h or d), such as 600d");
const NOTHING: LifetimeError = LifetimeError("a length of time must not be 0");
const TOO_LONG: LifetimeError =
    LifetimeError("that is more than a thousand years; leave it out for no end");

impl Lifetime {
    /// 24 hours.
    pub const DAY: Self = Self { seconds: 24 * 60 * 60 };

    /// Returns the duration in milliseconds.
    #[must_use]
    pub fn milliseconds(self) -> u64 {
        self.seconds.saturating_mul(1000)
    }

    /// Returns the duration in seconds.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.seconds
    }
}

/// Parses a number followed by one of the units s, m, h and d.
impl std::str::FromStr for Lifetime {
    type Err = LifetimeError;

    fn from_str(text: &str) -> Result<Self, LifetimeError> {
        let unit = text.chars().next_back().ok_or(FORM)?;
        let seconds: u64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => return Err(FORM),
        };
        let number = text.strip_suffix(unit).unwrap_or(text);
        // `parse` would also accept a plus sign.
        if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(FORM);
        }
        let number: u64 = number.parse().map_err(|_| FORM)?;
        match number.checked_mul(seconds) {
            Some(0) => Err(NOTHING),
            Some(seconds) if seconds <= LONGEST => Ok(Self { seconds }),
            _ => Err(TOO_LONG),
        }
    }
}

/// Prints the duration in the largest unit that divides it.
impl std::fmt::Display for Lifetime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let units = [(24 * 60 * 60, 'd'), (60 * 60, 'h'), (60, 'm')];
        let whole = units.into_iter().find(|(unit, _)| self.seconds.is_multiple_of(*unit));
        let (unit, letter) = whole.unwrap_or((1, 's'));
        write!(f, "{}{letter}", self.seconds / unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_seconds_minutes_hours_and_days() {
        let parsed = ["90s", "2m", "3h", "600d"].map(|text| text.parse::<Lifetime>().unwrap());
        assert_eq!(parsed.map(Lifetime::seconds), [90, 120, 10_800, 51_840_000]);
        assert_eq!(parsed.map(|l| l.to_string()), ["90s", "2m", "3h", "600d"]);
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "d",
            "600",
            "1w",
            "-1d",
            "+1d",
            "1.5h",
            "0s",
            "1 d",
            "1\u{e4}",
            "99999999999999999999d",
        ] {
            assert!(bad.parse::<Lifetime>().is_err(), "{bad}");
        }
        assert!(format!("{}d", u64::MAX).parse::<Lifetime>().is_err());
    }
}
