//! When two texts are the same although their letters differ: canonical caseless matching, Unicode chapter 3, D145.

use unicode_normalization::UnicodeNormalization;

/// Changes with every change of [`fold`] or [`crate::instant`], so that terms of an older kind are not taken for present ones.
pub const NORMALISATION: u32 = 1;

/// The form in which two texts that differ in case or composition alone are equal: NFD, full case folding, and NFD again.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let decomposed: String = text.nfd().collect();
    caseless::default_case_fold_str(&decomposed).nfd().collect()
}

/// The longest beginning of a text that has at most this many bytes.
#[must_use]
pub fn truncated(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|&end| text.is_char_boundary(end));
    text.get(..end.unwrap_or(0)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_composition_fold_away() {
        assert_eq!(fold("Test.User@OKTA.local"), "test.user@okta.local");
        assert_eq!(fold("\u{c5}ngstr\u{f6}m"), fold("a\u{30a}NGSTRO\u{308}M"));
        assert_eq!(fold("STRASSE"), fold("stra\u{df}e"));
    }

    #[test]
    fn truncation_splits_no_character() {
        assert_eq!(truncated("a\u{e4}", 2), "a");
        assert_eq!(truncated("ab", 9), "ab");
    }
}
