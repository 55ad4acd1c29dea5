//! The tokens of a filter (RFC 7644 section 3.4.2.2), each with its position.

use super::SyntaxError;

/// A token of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// A path, operator, keyword, number or literal: any text between spaces, brackets and quotes.
    Word(&'a str),
    /// A JSON string, unescaped.
    Text(String),
}

/// A token and the position of its first byte.
#[derive(Clone, Debug)]
pub(super) struct Located<'a> {
    pub(super) token: Token<'a>,
    pub(super) at: usize,
    /// Whether white space precedes it.
    pub(super) spaced: bool,
}

/// Returns the tokens of a text, in their order.
pub(super) fn tokens(text: &str) -> Result<Vec<Located<'_>>, SyntaxError> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len() - rest.trim_start_matches(' ').len();
        if blank > 0 {
            at += blank;
            continue;
        }
        let spaced = at.checked_sub(1).and_then(|i| text.as_bytes().get(i)) == Some(&b' ');
        let (token, length) = first(rest).ok_or(SyntaxError { at, expected: "a closed string" })?;
        found.push(Located { token, at, spaced });
        at += length;
    }
    Ok(found)
}

/// Returns the first token of a text that begins with one, and its length in bytes.
fn first(text: &str) -> Option<(Token<'_>, usize)> {
    match text.as_bytes().first()? {
        b'(' => Some((Token::Open, 1)),
        b')' => Some((Token::Close, 1)),
        b'[' => Some((Token::OpenBracket, 1)),
        b']' => Some((Token::CloseBracket, 1)),
        b'"' => string(text),
        _ => {
            let end = text.find([' ', '(', ')', '[', ']', '"']).unwrap_or(text.len());
            Some((Token::Word(text.get(..end)?), end))
        }
    }
}

/// Parses a JSON string at the beginning of a text.
fn string(text: &str) -> Option<(Token<'_>, usize)> {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|b| {
        let closes = b == b'"' && !escaped;
        escaped = b == b'\\' && !escaped;
        closes
    })? + 2;
    let value: String = serde_json::from_str(text.get(..end)?).ok()?;
    // No stored value can contain U+0000, and not every store accepts it.
    if value.contains('\0') {
        return None;
    }
    Some((Token::Text(value), end))
}
