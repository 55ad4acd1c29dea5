//! Parsing of filters and paths: RFC 7644 sections 3.4.2.2 and 3.5.2. Independent of schemas.

mod ast;
mod parse;
mod token;

pub use ast::{AttrPath, CompValue, CompareOp, Filter, Path};

/// A syntax error in a filter or path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} at position {at}")]
pub struct SyntaxError {
    /// The position in bytes from the beginning.
    pub at: usize,
    /// The syntax element that is expected there.
    pub expected: &'static str,
}

impl SyntaxError {
    /// Adjusts the position to a text that begins `by` bytes later.
    fn moved(self, by: usize) -> Self {
        Self { at: self.at + by, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_parsed() {
        for text in [
            r#"userName eq "bjensen""#,
            r#"not (a pr or b lt 3.5) and c[d eq "x" and e.f pr]"#,
            r#"a eq true and (b eq null or c ge -1)"#,
            "a eq -1.1297769054817317e+46",
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "26""#,
        ] {
            let filter: Filter = text.parse().unwrap();
            assert_eq!(filter.to_string(), text);
        }
        for text in ["members", r#"emails[type eq "work"].value"#, "name.givenName"] {
            let path: Path = text.parse().unwrap();
            assert_eq!(path.to_string(), text);
        }
    }

    #[test]
    fn and_binds_tighter_than_or() {
        let filter: Filter = "a pr or b pr and c pr".parse().unwrap();
        assert!(matches!(filter, Filter::Or(parts) if matches!(parts[1], Filter::And(_))));
    }

    #[test]
    fn says_where_it_went_wrong() {
        let error = r#"userName eq "a" and )"#.parse::<Filter>().unwrap_err();
        assert_eq!(error.at, 20);
        let deep = format!("{}a pr{}", "(".repeat(100), ")".repeat(100));
        assert!(deep.parse::<Filter>().unwrap_err().at < 100);
    }
}
