//! Repairs the text of malformed filters, piece by piece: RFC 7644 section 3.4.2.2 without quotes,
//! or with sub-attributes after brackets.

use serde_json::Value;

use crate::filter::CompareOp;

/// Puts quotes around the text between an operator and the next `and`, `or` or bracket, unless it
/// is a valid value.
pub(super) fn quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut value: Option<&str> = None;
    let mut rest = text;
    while let Some((piece, behind)) = piece(rest) {
        match value {
            Some(begun) if ends_value(piece) => {
                // INVARIANT: `rest` is a suffix of `begun`.
                let given = begun.len() - rest.len();
                written.push_str(&as_value(begun.get(..given).unwrap_or_default()));
                written.push_str(piece);
                value = None;
            }
            Some(_) => {}
            None => {
                written.push_str(piece);
                value = CompareOp::named(piece).map(|_| behind);
            }
        }
        rest = behind;
    }
    written + &value.map(as_value).unwrap_or_default()
}

/// Moves each comparison after brackets into them: `a[b].c eq "d"` becomes `a[(b) and c eq "d"]`.
pub(super) fn moved_inside(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut inside = None;
    let mut rest = text;
    while let Some((piece, behind)) = piece(rest) {
        rest = behind;
        if piece == "]"
            && let Some(begun) = inside.take()
            && let Some((comparison, behind)) = behind.strip_prefix('.').and_then(comparison)
        {
            written.insert(begun, '(');
            written.push_str(") and ");
            written.push_str(comparison);
            rest = behind;
        }
        written.push_str(piece);
        if piece == "[" {
            inside = Some(written.len());
        }
    }
    written
}

/// Splits off `subAttr SP "pr"` or `subAttr SP compareOp SP compValue` at the beginning of a text;
/// returns it and the rest.
fn comparison(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    let mut next = || {
        let (piece, behind) = piece(rest)?;
        rest = behind;
        Some(piece)
    };
    let (_name, _space, operator) = (next()?, next()?, next()?);
    if !operator.eq_ignore_ascii_case("pr") {
        let (_space, _value) = (next()?, next()?);
    }
    text.split_at_checked(text.len() - rest.len())
}

/// Splits off the first piece of a text: white space, a bracket, a string, or a word; returns it
/// and the rest.
fn piece(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let length = match first {
        ' ' => text.len() - text.trim_start_matches(' ').len(),
        '(' | ')' | '[' | ']' => 1,
        '"' => string(text),
        _ => text.find([' ', '(', ')', '[', ']', '"']).unwrap_or(text.len()),
    };
    text.split_at_checked(length)
}

/// Returns the length of a JSON string at the beginning; the whole length if it is not closed.
fn string(text: &str) -> usize {
    let mut escaped = false;
    let closed = text.bytes().skip(1).position(|b| {
        let closes = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        closes
    });
    closed.map_or(text.len(), |at| at + 2)
}

fn ends_value(piece: &str) -> bool {
    let words = ["and", "or", ")", "]"];
    words.iter().any(|word| piece.eq_ignore_ascii_case(word))
}

/// Returns the text in place of a value as a JSON value, with the white space around it kept.
fn as_value(given: &str) -> String {
    let bare = given.trim_matches(' ');
    if bare.is_empty() || bare.contains('"') || serde_json::from_str::<Value>(bare).is_ok() {
        return given.to_owned();
    }
    given.replace(bare, &Value::from(bare).to_string())
}

#[cfg(test)]
mod tests {
    use super::{moved_inside, quoted};

    #[test]
    fn what_is_no_value_is_quoted() {
        for (given, expected) in [
            ("externalId eq jyoung", r#"externalId eq "jyoung""#),
            ("a eq b and c eq true", r#"a eq "b" and c eq true"#),
            ("a eq 0123", r#"a eq "0123""#),
            ("(a EQ John Doe) or b pr", r#"(a EQ "John Doe") or b pr"#),
            ("a[b eq work].c eq d", r#"a[b eq "work"].c eq "d""#),
            (r#"a eq "b and c" and d sw e"#, r#"a eq "b and c" and d sw "e""#),
            ("a eq ä(b", "a eq \"ä(b\""),
            (r#"a eq "b"#, r#"a eq "b"#),
            ("a eq ", "a eq "),
            ("", ""),
        ] {
            assert_eq!(quoted(given), expected);
        }
    }

    #[test]
    fn comparisons_move_inside() {
        for (given, expected) in [
            (r#"a[b eq "c"].d eq "e" and f pr"#, r#"a[(b eq "c") and d eq "e"] and f pr"#),
            (r#"not (a[b pr or c pr].d pr)"#, r#"not (a[(b pr or c pr) and d pr])"#),
            (r#"a[b eq "x]"].c co "]. d""#, r#"a[(b eq "x]") and c co "]. d"]"#),
            ("a[b pr].", "a[b pr]."),
            ("a].b eq 1", "a].b eq 1"),
        ] {
            assert_eq!(moved_inside(given), expected);
        }
    }
}
