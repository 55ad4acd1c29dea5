//! The grammar of RFC 7644 section 3.4.2.2, with one function per rule. Length, depth and number of
//! comparisons are limited before any recursion.

use std::str::FromStr;

use super::SyntaxError;
use super::ast::{AttrPath, CompValue, CompareOp, Filter, Path};
use super::token::{Located, Token, tokens};
use crate::limits;
use crate::name::{AttributeName, NotAName};

/// The syntax element expected where an attribute is named.
const ATTRIBUTE_PATH: &str = "an attribute path";

impl FromStr for Filter {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let mut parser = Parser::new(text)?;
        let filter = parser.disjunction()?;
        parser.end()?;
        Ok(filter)
    }
}

impl FromStr for Path {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let mut parser = Parser::new(text)?;
        let path = parser.path()?;
        parser.end()?;
        Ok(path)
    }
}

impl FromStr for AttrPath {
    type Err = SyntaxError;

    /// The URI ends at the last colon: the name after it contains none, and dots in the URI do not
    /// separate sub-attributes.
    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let wrong = || SyntaxError { at: 0, expected: ATTRIBUTE_PATH };
        let (uri, rest) = match text.rsplit_once(':') {
            Some((uri, rest)) if is_uri(uri) => (Some(uri.to_owned()), rest),
            Some(_) => return Err(wrong()),
            None => (None, text),
        };
        let (name, sub) = match rest.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (rest, None),
        };
        let sub = sub.map(attribute_name).transpose().map_err(|_| wrong())?;
        let name = attribute_name(name).map_err(|_| wrong())?;
        Ok(Self { uri, name, sub })
    }
}

/// Parses ATTRNAME of RFC 7644 section 3.4.2.2: without the `$` that RFC 7643 section 2.1 allows,
/// except in the registered name `$ref`.
fn attribute_name(text: &str) -> Result<AttributeName, NotAName> {
    if text.contains('$') && !text.eq_ignore_ascii_case("$ref") {
        Err(NotAName)
    } else {
        text.parse()
    }
}

/// Returns whether a text has the form of schema URIs: a scheme followed by text without white
/// space or quotes.
fn is_uri(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !rest.is_empty()
            && rest.bytes().all(|b| b.is_ascii_graphic())
    })
}

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Located<'a>>>,
    length: usize,
    depth: usize,
    leaves: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self, SyntaxError> {
        if text.len() > limits::FILTER_BYTES {
            return Err(SyntaxError { at: limits::FILTER_BYTES, expected: "a shorter text" });
        }
        let tokens = tokens(text)?.into_iter().peekable();
        Ok(Self { tokens, length: text.len(), depth: 0, leaves: 0 })
    }

    /// `filter *( SP "or" SP filter )`; binds more weakly than `and`.
    fn disjunction(&mut self) -> Result<Filter, SyntaxError> {
        self.list("or", Self::conjunction, Filter::Or)
    }

    /// `filter *( SP "and" SP filter )`.
    fn conjunction(&mut self) -> Result<Filter, SyntaxError> {
        self.list("and", Self::term, Filter::And)
    }

    fn list(
        &mut self,
        word: &str,
        element: fn(&mut Self) -> Result<Filter, SyntaxError>,
        node: fn(Vec<Filter>) -> Filter,
    ) -> Result<Filter, SyntaxError> {
        let first = element(self)?;
        let mut parts = vec![first];
        while self.keyword(word) {
            parts.push(element(self)?);
        }
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            last => {
                parts.extend(last);
                Ok(node(parts))
            }
        }
    }

    /// `*1"not" "(" FILTER ")" / attrExp / valuePath`.
    fn term(&mut self) -> Result<Filter, SyntaxError> {
        if matches!(self.peek(), Some(Token::Open)) {
            return self.group();
        }
        let at = self.at();
        let Some(Token::Word(word)) = self.next() else {
            return Err(SyntaxError { at, expected: "an attribute path, `not` or `(`" });
        };
        if word.eq_ignore_ascii_case("not") && matches!(self.peek(), Some(Token::Open)) {
            return Ok(Filter::Not(Box::new(self.group()?)));
        }
        let path = word.parse::<AttrPath>().map_err(|error| error.moved(at))?;
        match self.peek() {
            Some(Token::OpenBracket) => self.value_path(path),
            _ => self.attribute_expression(path),
        }
    }

    /// `"(" FILTER ")"`.
    fn group(&mut self) -> Result<Filter, SyntaxError> {
        self.nested(Token::Open, Token::Close, "`)`")
    }

    /// `attrPath "[" valFilter "]"`.
    fn value_path(&mut self, path: AttrPath) -> Result<Filter, SyntaxError> {
        let inner = self.value_filter()?;
        Ok(Filter::ValuePath(path, Box::new(inner)))
    }

    /// `"[" valFilter "]"`: a filter on the sub-attributes of one value, so brackets cannot be
    /// nested.
    fn value_filter(&mut self) -> Result<Filter, SyntaxError> {
        let at = self.at();
        let inner = self.nested(Token::OpenBracket, Token::CloseBracket, "`]`")?;
        if holds_value_path(&inner) {
            return Err(SyntaxError { at, expected: "no brackets inside brackets" });
        }
        Ok(inner)
    }

    fn nested(
        &mut self,
        open: Token<'_>,
        close: Token<'_>,
        expected: &'static str,
    ) -> Result<Filter, SyntaxError> {
        self.depth += 1;
        if self.depth > limits::FILTER_DEPTH {
            return Err(SyntaxError { at: self.at(), expected: "fewer nested parentheses" });
        }
        self.expect(&open, "an opening bracket")?;
        let inner = self.disjunction()?;
        self.expect(&close, expected)?;
        self.depth -= 1;
        Ok(inner)
    }

    /// `(attrPath SP "pr") / (attrPath SP compareOp SP compValue)`.
    fn attribute_expression(&mut self, path: AttrPath) -> Result<Filter, SyntaxError> {
        self.leaves += 1;
        let at = self.at();
        if self.leaves > limits::FILTER_LEAVES {
            return Err(SyntaxError { at, expected: "fewer comparisons" });
        }
        if self.keyword("pr") {
            return Ok(Filter::Present(path));
        }
        let operator = match self.next() {
            Some(Token::Word(word)) => CompareOp::named(word),
            _ => None,
        };
        let operator = operator.ok_or(SyntaxError { at, expected: "an operator" })?;
        Ok(Filter::Compare(path, operator, self.value()?))
    }

    /// `compValue`. White space before a string may be missing, as in an example of RFC 7644
    /// section 3.5.2.2.
    fn value(&mut self) -> Result<CompValue, SyntaxError> {
        let at = self.at();
        let value = match self.next() {
            Some(Token::Text(text)) => Some(CompValue::Text(text)),
            Some(Token::Word("true")) => Some(CompValue::Boolean(true)),
            Some(Token::Word("false")) => Some(CompValue::Boolean(false)),
            Some(Token::Word("null")) => Some(CompValue::Null),
            Some(Token::Word(word)) => serde_json::from_str(word).ok().map(CompValue::Number),
            _ => None,
        };
        value.ok_or(SyntaxError {
            at,
            expected: "a value: a quoted string, a number, true, false or null",
        })
    }

    /// `PATH = attrPath / valuePath [subAttr]`.
    fn path(&mut self) -> Result<Path, SyntaxError> {
        let at = self.at();
        let Some(Token::Word(word)) = self.next() else {
            return Err(SyntaxError { at, expected: ATTRIBUTE_PATH });
        };
        let attribute = word.parse::<AttrPath>().map_err(|error| error.moved(at))?;
        if !matches!(self.peek(), Some(Token::OpenBracket)) {
            return Ok(Path { attribute, filter: None, sub: None });
        }
        if attribute.sub.is_some() {
            return Err(SyntaxError { at, expected: "brackets behind an attribute alone" });
        }
        let filter = Some(self.value_filter()?);
        Ok(Path { attribute, filter, sub: self.sub_attribute()? })
    }

    /// `subAttr = "." ATTRNAME`, after the brackets.
    fn sub_attribute(&mut self) -> Result<Option<AttributeName>, SyntaxError> {
        let at = self.at();
        let wrong = SyntaxError { at, expected: "`.` and a sub-attribute" };
        match self.tokens.next() {
            None => Ok(None),
            Some(Located { token: Token::Word(word), spaced: false, .. }) => {
                let name = word.strip_prefix('.').and_then(|name| attribute_name(name).ok());
                name.map(Some).ok_or(wrong)
            }
            Some(_) => Err(wrong),
        }
    }

    /// Consumes the word if it is next, compared without case.
    fn keyword(&mut self, keyword: &str) -> bool {
        let found =
            matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, token: &Token<'_>, expected: &'static str) -> Result<(), SyntaxError> {
        let at = self.at();
        if self.next().as_ref() == Some(token) { Ok(()) } else { Err(SyntaxError { at, expected }) }
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        match self.tokens.peek() {
            None => Ok(()),
            Some(more) => Err(SyntaxError { at: more.at, expected: "`and`, `or` or the end" }),
        }
    }

    fn peek(&mut self) -> Option<&Token<'a>> {
        self.tokens.peek().map(|located| &located.token)
    }

    fn next(&mut self) -> Option<Token<'a>> {
        self.tokens.next().map(|located| located.token)
    }

    /// Returns the position of the next token.
    fn at(&mut self) -> usize {
        self.tokens.peek().map_or(self.length, |located| located.at)
    }
}

fn holds_value_path(filter: &Filter) -> bool {
    match filter {
        Filter::ValuePath(..) => true,
        Filter::Or(parts) | Filter::And(parts) => parts.iter().any(holds_value_path),
        Filter::Not(inner) => holds_value_path(inner),
        Filter::Compare(..) | Filter::Present(_) => false,
    }
}
