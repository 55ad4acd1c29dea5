//! When two texts with different characters count as equal: canonical caseless matching (Unicode
//! chapter 3, D145).

use unicode_normalization::char::{canonical_combining_class, decompose_canonical};

/// To be increased with every change of [`fold`] or [`crate::instant`], so that terms from before
/// the change are not mistaken for current ones.
pub const NORMALISATION: u32 = 1;

/// Returns the form in which texts that differ only in case or composition are equal: NFD, full
/// case folding, and NFD again.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    decomposed(&caseless::default_case_fold_str(&decomposed(text)))
}

/// Returns the NFD of a text. The crate's own iterator would add the tables of the compatibility
/// forms to the component.
fn decomposed(text: &str) -> String {
    let mut decomposed = String::with_capacity(text.len());
    // Combining marks are sorted by class; those of one class keep their order.
    let mut marks: Vec<(u8, char)> = Vec::new();
    for char in text.chars() {
        decompose_canonical(char, |part| match canonical_combining_class(part) {
            0 => {
                decomposed.extend(marks.drain(..).map(|(_, mark)| mark));
                decomposed.push(part);
            }
            class => {
                let place = marks.partition_point(|(before, _)| *before <= class);
                marks.insert(place, (class, part));
            }
        });
    }
    decomposed.extend(marks.iter().map(|(_, mark)| mark));
    decomposed
}

/// Returns whether two names differ only in the case of ASCII letters and in composition. Full case
/// folding would equate `ß` with `ss`; and a letter that only composition turns into an ASCII one,
/// such as the Kelvin sign, is a different letter.
#[must_use]
pub fn same_name(one: &str, other: &str) -> bool {
    let key = |text: &str| {
        let mut key = String::with_capacity(text.len());
        let decomposed = decomposed(text);
        let mut chars = decomposed.chars().peekable();
        while let Some(char) = chars.next() {
            let marked = chars.peek().is_some_and(|c| canonical_combining_class(*c) != 0);
            key.push(if marked { char } else { char.to_ascii_lowercase() });
        }
        key
    };
    let is_disguised = |text: &str| {
        text.chars().filter(|char| !char.is_ascii()).any(|char| {
            let mut is_ascii = true;
            decompose_canonical(char, |part| is_ascii &= part.is_ascii());
            is_ascii
        })
    };
    one.eq_ignore_ascii_case(other)
        || !is_disguised(one) && !is_disguised(other) && key(one) == key(other)
}

/// Returns whether a reader may mistake a text for another one: it begins or ends with white space,
/// or contains invisible characters.
#[must_use]
pub fn has_invisible(text: &str) -> bool {
    text.trim() != text || text.chars().any(is_invisible)
}

/// Control characters and characters without width: soft hyphen, joiners, directional marks and
/// isolates, fillers, tags.
fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Returns the longest prefix of a text of at most this many bytes that ends between characters.
#[must_use]
pub fn truncated(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text.get(..end.unwrap_or(0)).unwrap_or(text)
}

/// Lists names for a message, each in backticks and truncated to a hundred bytes. If there are more
/// than `most`, lists the first ones and says how many there are.
#[must_use]
pub fn listed(names: &[String], most: usize) -> String {
    let shown = names.iter().take(most);
    let shown: Vec<String> = shown.map(|name| format!("`{}`", truncated(name, 100))).collect();
    match names.len() > most {
        true => format!("{} and more, {} in all", shown.join(", "), names.len()),
        false => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_composition_fold_away() {
        assert_eq!(fold("Test.User@OKTA.local"), "test.user@okta.local");
        assert_eq!(fold("\u{c5}ngstr\u{f6}m"), fold("a\u{30a}NGSTRO\u{308}M"));
        assert_eq!(fold("STRASSE"), fold("stra\u{df}e"));
        assert_eq!(fold("q\u{307}\u{323}"), fold("Q\u{323}\u{307}"));
        assert_ne!(fold("q\u{307}\u{300}"), fold("q\u{300}\u{307}"));
    }

    #[test]
    fn names_are_the_same_to_everybody_or_not() {
        for (one, other, same) in [
            ("Ada@x", "ada@X", true),
            ("jos\u{e9}", "jose\u{301}", true),
            ("JOS\u{c9}", "jos\u{e9}", false),
            ("\u{212a}ay", "kay", false),
            ("stra\u{df}e", "strasse", false),
            ("a", "b", false),
        ] {
            assert_eq!(same_name(one, other), same, "{one} {other}");
            assert_eq!(same_name(other, one), same, "{other} {one}");
        }
    }

    #[test]
    fn what_is_not_seen_is_found() {
        for text in [" a", "a ", "a\u{a0}", "a\u{200b}b", "a\tb", "\u{feff}a", "a\u{202e}b"] {
            assert!(has_invisible(text), "{text:?}");
        }
        assert!(!has_invisible("Ada  Lovelace \u{c5}"));
    }

    #[test]
    fn long_lists_are_cut() {
        let names = ["a".to_owned(), "b".repeat(200), "c".to_owned()];
        assert_eq!(listed(&names[..1], 2), "`a`");
        let cut = listed(&names, 2);
        assert!(cut.starts_with(&format!("`a`, `{}`", "b".repeat(100))));
        assert!(cut.contains('3') && !cut.contains("`c`"), "{cut}");
    }

    #[test]
    fn truncation_splits_no_character() {
        assert_eq!(truncated("a\u{e4}", 2), "a");
        assert_eq!(truncated("ab", 9), "ab");
    }
}
