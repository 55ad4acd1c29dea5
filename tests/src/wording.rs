//! Assertions about sentences. Their wording may be improved at any time; the names and values in
//! them are what a person needs, and different reasons must read differently.

use std::collections::BTreeMap;

use anyhow::ensure;

/// Whether a name or value stands in a text as a word of its own: no letter, digit, `-` or `_`
/// continues it on either side.
#[must_use]
pub fn mentions(text: &str, name: &str) -> bool {
    let continues = |inside: Option<char>, outside: Option<char>| {
        let of_a_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        inside.is_some_and(of_a_word) && outside.is_some_and(of_a_word)
    };
    let mut places = text.match_indices(name).map(|(at, name)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !continues(name.chars().next(), before.chars().next_back())
            && !continues(name.chars().next_back(), after.chars().next())
    });
    !name.is_empty() && places.any(|stands_alone| stands_alone)
}

/// The numbers that stand in a text, in ascending order.
#[must_use]
pub fn numbers(text: &str) -> Vec<u64> {
    let parts = text.split(|c: char| !c.is_alphanumeric());
    let mut numbers: Vec<u64> = parts.filter_map(|part| part.parse().ok()).collect();
    numbers.sort_unstable();
    numbers
}

/// Expects one text for each reason, and different ones for different reasons. `given` holds
/// reasons and texts.
///
/// # Errors
/// If two reasons have a text in common, or one has two.
pub fn told_apart(given: &[(&str, String)]) -> anyhow::Result<()> {
    let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
    let mut reasons: BTreeMap<&str, &str> = BTreeMap::new();
    for (reason, text) in given {
        ensure!(!text.is_empty(), "nothing is said of `{reason}`");
        let first = *texts.entry(reason).or_insert(text);
        ensure!(first == text, "`{reason}` is `{first}` and `{text}`");
        let other = *reasons.entry(text).or_insert(reason);
        ensure!(other == *reason, "`{other}` and `{reason}` are `{text}`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_alone() {
        assert!(mentions("`userName` is required", "userName"));
        assert!(mentions("at most 64 deep", "64"));
        assert!(mentions("no /Me here", "/Me"));
        assert!(mentions("nothing matches `a[b eq \"c\"].d`", "a[b eq \"c\"].d"));
        assert!(mentions("invalid `id`", "id"));
        assert!(!mentions("invalid", "id"));
        assert!(!mentions("at most 640 deep", "64"));
        assert!(!mentions("no-operations", "operations"));
        assert!(!mentions("anything", ""));
    }

    #[test]
    fn numbers_are_whole_words() {
        assert_eq!(numbers("a scan of 3; 0 of u7, 10 more."), [0, 3, 10]);
    }

    #[test]
    fn reasons_have_texts_of_their_own() {
        let judged = |given: &[(&'static str, &str)]| {
            let given: Vec<_> = given.iter().map(|(a, b)| (*a, (*b).to_owned())).collect();
            told_apart(&given).is_ok()
        };
        assert!(judged(&[("a", "x"), ("b", "y"), ("a", "x")]));
        assert!(!judged(&[("a", "x"), ("b", "x")]));
        assert!(!judged(&[("a", "x"), ("a", "y")]));
        assert!(!judged(&[("a", "")]));
    }
}
