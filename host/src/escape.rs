//! Escapes untrusted text (names, labels, ids of clients) for output to people. Control characters
//! of C0 and C1 move the cursor, change the screen or forge lines; bidirectional controls of
//! Unicode (UAX #9) change the displayed order. Escaping text that is already escaped changes
//! nothing.

use std::borrow::Cow;

/// Whether a character affects the text around it.
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escaped(
    text: &str,
    is_kept: impl Fn(char) -> bool,
    write: impl Fn(&mut String, char),
) -> Cow<'_, str> {
    if !text.contains(|c| is_active(c) && !is_kept(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_active(c) && !is_kept(c) {
            write(&mut out, c);
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn write_escape(out: &mut String, c: char) {
    out.extend(c.escape_default());
}

/// Escapes all control characters, so that the text stays on one line: line breaks as `\n`, others
/// as `\u{1b}`.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false, write_escape)
}

/// Escapes all control characters except line breaks.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n', write_escape)
}

/// Escapes control characters in a JSON document that JSON permits in strings, such as `\u0085`.
/// The document keeps its meaning and its line breaks.
#[must_use]
pub fn json(document: &str) -> Cow<'_, str> {
    let write = |out: &mut String, c: char| out.push_str(&format!("\\u{:04x}", u32::from(c)));
    escaped(document, |c| c == '\n', write)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIVE: &str =
        "\u{1b}[2J\u{9b}m\r\n\t\u{85}\u{7f}\u{61c}\u{200e}\u{202e}\u{2028}\u{2069}";

    #[test]
    fn what_is_active_is_escaped() {
        assert_eq!(
            line(ACTIVE),
            r"\u{1b}[2J\u{9b}m\r\n\t\u{85}\u{7f}\u{61c}\u{200e}\u{202e}\u{2028}\u{2069}"
        );
        assert_eq!(lines("a\nb\r"), "a\nb\\r");
        assert_eq!(line(&line(ACTIVE)), line(ACTIVE));
    }

    #[test]
    fn other_text_stays() {
        for text in ["", "Ada \u{e4}\u{5d0}\u{1f600} \\ \"", "\u{200b}\u{feff}"] {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn json_stays_the_same_document() {
        let value = serde_json::json!({ ACTIVE: [ACTIVE] });
        let text = format!("{value:#}");
        let printed = json(&text);
        assert!(!printed.contains(|c| is_active(c) && c != '\n'), "{printed}");
        assert!(printed.contains(r"\u0085") && printed.contains(r"\u202e"));
        let read: serde_json::Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(read, value);
    }
}
