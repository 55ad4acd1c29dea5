//! When two texts are the same although their letters differ: canonical caseless matching, Unicode chapter 3, D145.

use unicode_normalization::char::{canonical_combining_class, decompose_canonical};

/// Changes with every change of [`fold`] or [`crate::instant`], so that terms of an older kind are not taken for present ones.
pub const NORMALISATION: u32 = 1;

/// The form in which two texts that differ in case or composition alone are equal: NFD, full case folding, and NFD again.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    decomposed(&caseless::default_case_fold_str(&decomposed(text)))
}

/// NFD. The crate's own iterator would bring the tables of the compatibility forms with it.
fn decomposed(text: &str) -> String {
    let mut decomposed = String::with_capacity(text.len());
    // Marks behind a letter come in the order of their classes, those of one class as they are.
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

/// The longest beginning of a text that has at most this many bytes.
#[must_use]
pub fn truncated(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|&end| text.is_char_boundary(end));
    text.get(..end.unwrap_or(0)).unwrap_or(text)
}

/// Names for people, each in backticks and cut at a hundred bytes; of more than `most` the first, and how many there are.
#[must_use]
pub fn listed(names: &[String], most: usize) -> String {
    let shown = names.iter().take(most);
    let shown: Vec<String> = shown
        .map(|name| format!("`{}`", truncated(name, 100)))
        .collect();
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
    fn long_lists_are_cut() {
        let names = ["a".to_owned(), "b".repeat(200), "c".to_owned()];
        assert_eq!(listed(&names[..1], 2), "`a`");
        let cut = format!("`a`, `{}` and more, 3 in all", "b".repeat(100));
        assert_eq!(listed(&names, 2), cut);
    }

    #[test]
    fn truncation_splits_no_character() {
        assert_eq!(truncated("a\u{e4}", 2), "a");
        assert_eq!(truncated("ab", 9), "ab");
    }
}
