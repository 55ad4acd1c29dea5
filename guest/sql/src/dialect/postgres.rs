//! PostgreSQL's parts of the shared SQL, and its form of a term's value.

use scimlet_store::{Operator, Scalar};

use super::Dialect;
use crate::{Sql, Stored};

/// PostgreSQL's dialect: a term's value is a text that begins with a letter for its type (see
/// `schema/postgres.sql`).
#[derive(Clone, Copy, Debug)]
pub struct PostgresDialect;

impl Dialect for PostgresDialect {
    const FROM_TEXT: &'static str = ">= 't'";
    const BEFORE_TEXT: &'static str = "< 't'";
    const FROM_BOOLEAN: &'static str = ">= 'u'";
    const BEFORE_BOOLEAN: &'static str = "< 'u'";
    const SEARCHES: bool = true;
    const PROBE: &'static str = " OFFSET 0";

    /// A trigram index, if there is one, serves only LIKE.
    fn within(operator: Operator, text: &str) -> Sql {
        let mut pattern = String::from("t%");
        for character in text.chars() {
            if matches!(character, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        if operator != Operator::EndsWith {
            pattern.push('%');
        }
        Sql::new("t.value LIKE ?").bind(pattern)
    }

    /// An array is collected before anything else, however many rows PostgreSQL expects.
    fn among(candidates: Sql) -> Sql {
        Sql::new("x.seq = ANY(ARRAY(").append(candidates).text("))")
    }
}

/// Returns a value as the tables store it: a type letter and a sortable text.
#[must_use]
pub fn encode(Stored(scalar): &Stored) -> String {
    match scalar {
        Scalar::Number(number) => format!("n{:016x}", sortable(*number)),
        Scalar::Text(text) => format!("t{text}"),
        Scalar::Boolean(flag) => format!("u{}", u8::from(*flag)),
    }
}

/// Decodes a stored value; `None` if the text was not written by [`encode`].
#[must_use]
pub fn decode(text: &str) -> Option<Stored> {
    let (tag, rest) = text.split_at_checked(1)?;
    Some(Stored(match tag {
        "n" => Scalar::Number(number(u64::from_str_radix(rest, 16).ok()?)),
        "t" => Scalar::Text(rest.to_owned()),
        "u" => Scalar::Boolean(rest == "1"),
        _ => return None,
    }))
}

const SIGN: u64 = 1 << 63;

/// Returns bits that sort like the number: those of negative numbers are inverted and come first.
fn sortable(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn number(sortable: u64) -> f64 {
    f64::from_bits(if sortable & SIGN == 0 { !sortable } else { sortable & !SIGN })
}

impl Sql {
    /// Returns the text with `$1`, `$2` … in place of `?`. No constant part contains a `?`.
    #[must_use]
    pub fn numbered(&self) -> String {
        let mut numbered = String::with_capacity(self.as_str().len() + 2 * self.values().len());
        for (index, piece) in self.as_str().split('?').enumerate() {
            if index > 0 {
                numbered.push_str(&format!("${index}"));
            }
            numbered.push_str(piece);
        }
        numbered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    #[test]
    fn values_sort_as_they_are_kept() {
        let number = |number| Stored::from(Scalar::Number(number));
        let text = |text: &str| Stored::from(Scalar::Text(text.into()));
        let flag = |flag| Stored::from(Scalar::Boolean(flag));
        let ascending = [
            number(f64::MIN),
            number(-1.5),
            number(-1e-300),
            number(-0.0),
            number(1e-300),
            number(2.0),
            number(10.0),
            number(f64::MAX),
            text(""),
            text("a"),
            text("a\u{1}"),
            text("ab"),
            text("\u{FFFF}"),
            text("\u{10000}"),
            flag(false),
            flag(true),
        ];
        assert!(ascending.is_sorted());
        let kept: Vec<String> = ascending.iter().map(encode).collect();
        assert!(kept.is_sorted(), "{kept:?}");
        for (value, kept) in ascending.iter().zip(&kept) {
            assert_eq!(decode(kept).as_ref(), Some(value));
        }
    }

    #[test]
    fn what_like_gives_a_meaning_is_taken_literally() {
        let sql = PostgresDialect::within(Operator::Contains, "50%_\\");
        assert_eq!(sql.values(), [Value::from(String::from("t%50\\%\\_\\\\%"))]);
        let sql = PostgresDialect::within(Operator::EndsWith, "x").text(" AND y = ?").bind(1);
        assert_eq!(sql.numbered(), "t.value LIKE $1 AND y = $2");
    }
}
