//! Versions as entity tags: RFC 7644 section 3.14, RFC 9110 sections 8.8.3 and 13.1.

/// Returns the weak entity tag of an entry's version.
#[must_use]
pub fn format(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// The value of an If-Match or If-None-Match header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `*`: any version.
    Any,
    /// One of these entity tags.
    OneOf(Vec<String>),
}

impl Condition {
    /// Parses a header's value. Text that is not an entity tag matches no version.
    #[must_use]
    pub fn parse(header: &str) -> Self {
        if header.trim() == "*" {
            return Self::Any;
        }
        Self::OneOf(header.split(',').map(|tag| opaque(tag.trim()).to_owned()).collect())
    }

    /// Returns whether the condition includes this version. If-Match is compared weakly too, since
    /// RFC 7644 section 3.14 uses weak tags there.
    #[must_use]
    pub fn holds(&self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|tag| *tag == opaque(&format(version))),
        }
    }
}

/// Returns the tag without the weakness indicator `W/`.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stars_and_weakness() {
        assert!(Condition::parse("*").holds(7));
        assert!(Condition::parse(r#"W/"6", W/"7""#).holds(7));
        assert!(Condition::parse(r#""7""#).holds(7));
        assert!(!Condition::parse(r#"W/"77""#).holds(7));
        assert!(!Condition::parse("7").holds(7));
    }
}
