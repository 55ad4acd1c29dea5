//! The syntax tree of filters and paths. Parsing a node's printed form returns an equal node.

use std::fmt;

use serde_json::Number;

use crate::name::AttributeName;

/// `attrPath = [URI ":"] ATTRNAME *1subAttr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttrPath {
    /// The schema URI, without the colon that follows it.
    pub uri: Option<String>,
    /// The attribute's name.
    pub name: AttributeName,
    /// The name of the sub-attribute after the dot.
    pub sub: Option<AttributeName>,
}

/// `compareOp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `co`
    Contains,
    /// `sw`
    StartsWith,
    /// `ew`
    EndsWith,
    /// `gt`
    Greater,
    /// `lt`
    Less,
    /// `ge`
    GreaterOrEqual,
    /// `le`
    LessOrEqual,
}

/// `compValue`: a JSON false, null, true, number or string.
#[derive(Clone, Debug, PartialEq)]
pub enum CompValue {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A JSON number.
    Number(Number),
    /// A JSON string.
    Text(String),
}

/// `FILTER`, and `valFilter` inside brackets. `And` and `Or` hold two or more.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// `a or b or …`
    Or(Vec<Filter>),
    /// `a and b and …`
    And(Vec<Filter>),
    /// `not (…)`
    Not(Box<Filter>),
    /// `attrPath compareOp compValue`
    Compare(AttrPath, CompareOp, CompValue),
    /// `attrPath pr`
    Present(AttrPath),
    /// `attrPath [ valFilter ]`
    ValuePath(AttrPath, Box<Filter>),
}

/// The `path` of a PATCH operation: `attrPath / valuePath [subAttr]` (RFC 7644 section 3.5.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The attribute; with a `filter`, it has no sub-attribute of its own.
    pub attribute: AttrPath,
    /// Selects some of the attribute's values.
    pub filter: Option<Filter>,
    /// The sub-attribute after the brackets.
    pub sub: Option<AttributeName>,
}

impl CompareOp {
    /// Returns the operator as written in filters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Contains => "co",
            Self::StartsWith => "sw",
            Self::EndsWith => "ew",
            Self::Greater => "gt",
            Self::Less => "lt",
            Self::GreaterOrEqual => "ge",
            Self::LessOrEqual => "le",
        }
    }

    /// Returns the operator of this name, compared without case.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        const ALL: [CompareOp; 9] = [
            CompareOp::Equal,
            CompareOp::NotEqual,
            CompareOp::Contains,
            CompareOp::StartsWith,
            CompareOp::EndsWith,
            CompareOp::Greater,
            CompareOp::Less,
            CompareOp::GreaterOrEqual,
            CompareOp::LessOrEqual,
        ];
        ALL.into_iter().find(|operator| operator.as_str().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(uri) = &self.uri {
            write!(f, "{uri}:")?;
        }
        write!(f, "{}", self.name)?;
        self.sub.iter().try_for_each(|sub| write!(f, ".{sub}"))
    }
}

impl fmt::Display for CompValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{}", serde_json::Value::from(value.as_str())),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(parts) => join(f, parts, " or ", |part| matches!(part, Self::Or(_))),
            Self::And(parts) => {
                join(f, parts, " and ", |part| matches!(part, Self::Or(_) | Self::And(_)))
            }
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Compare(path, operator, value) => {
                write!(f, "{path} {} {value}", operator.as_str())
            }
            Self::Present(path) => write!(f, "{path} pr"),
            Self::ValuePath(path, inner) => write!(f, "{path}[{inner}]"),
        }
    }
}

/// Writes the parts with the word between them, and parentheses around those that would otherwise
/// be parsed differently.
fn join(
    f: &mut fmt::Formatter<'_>,
    parts: &[Filter],
    word: &str,
    enclose: impl Fn(&Filter) -> bool,
) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(word)?;
        }
        if enclose(part) { write!(f, "({part})")? } else { write!(f, "{part}")? }
    }
    Ok(())
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.attribute)?;
        self.filter.iter().try_for_each(|filter| write!(f, "[{filter}]"))?;
        self.sub.iter().try_for_each(|sub| write!(f, ".{sub}"))
    }
}
