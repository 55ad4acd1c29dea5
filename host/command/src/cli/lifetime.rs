//! Lifetimes on the command line, such as `600d`.

/// Parses a lifetime into seconds: a number and one of the units s, m, h and d.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    let wrong = || "give a number and a unit (s, m, h or d), such as 600d".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    let number = &text[..text.len() - unit.len_utf8()];
    // `parse` would also accept a plus sign.
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let lifetime = number.checked_mul(seconds).filter(|lifetime| *lifetime <= MAX_LIFETIME);
    match lifetime {
        Some(0) => Err("a credential of no lifetime would be of no use".to_owned()),
        Some(lifetime) => Ok(lifetime),
        None => Err("that is more than a thousand years; leave it out for no expiry".to_owned()),
    }
}

/// A limit that keeps all resulting dates in range.
const MAX_LIFETIME: u64 = 1000 * 366 * 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn units_are_seconds_minutes_hours_and_days() {
        let parsed = ["90s", "2m", "3h", "600d"].map(parse);
        assert_eq!(parsed, [Ok(90), Ok(120), Ok(10_800), Ok(51_840_000)]);
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in
            ["", "d", "600", "1w", "-1d", "+1d", "1.5h", "0s", "1 d", "1ä", "99999999999999999999d"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse(&format!("{}d", u64::MAX)).is_err());
    }
}
