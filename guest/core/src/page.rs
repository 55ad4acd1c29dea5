//! Which part of a list is wanted: by index (RFC 7644 section 3.4.2.4) or by cursor (RFC 9865 section 2).

use crate::error::{Error, ErrorKind};
use crate::limits;

/// Which part of a list is wanted, with out-of-range values as the RFCs have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paging {
    /// By index.
    Index(Index),
    /// By cursor.
    Cursor {
        /// As an earlier page gave it; empty for the first page.
        cursor: String,
        /// At most [`limits::PAGE_MAX`].
        count: usize,
    },
}

/// A part of a list by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Index {
    /// 1-based; less than 1 is 1.
    pub start: u64,
    /// At most [`limits::PAGE_MAX`]; less than 0 is 0.
    pub count: usize,
}

impl Paging {
    /// From the values of a request: by index, unless there is a cursor.
    pub fn new(
        cursor: Option<String>,
        start_index: Option<i64>,
        count: Option<i64>,
    ) -> Result<Self, Error> {
        let Some(cursor) = cursor else {
            return Ok(Self::Index(Index::new(start_index, count)));
        };
        if start_index.is_some() {
            let detail = "`cursor` and `startIndex` exclude each other";
            return Err(Error::new(ErrorKind::InvalidValue, detail));
        }
        let count = at_most(count);
        if count > limits::PAGE_MAX {
            let detail = format!("with a cursor, `count` is at most {}", limits::PAGE_MAX);
            return Err(Error::new(ErrorKind::InvalidCount, detail));
        }
        Ok(Self::Cursor { cursor, count })
    }
}

impl Default for Paging {
    fn default() -> Self {
        Self::Index(Index::new(None, None))
    }
}

impl Index {
    /// From the values of a request.
    #[must_use]
    pub fn new(start_index: Option<i64>, count: Option<i64>) -> Self {
        let start = start_index.and_then(|n| u64::try_from(n).ok());
        Self {
            start: start.unwrap_or(1).max(1),
            count: at_most(count).min(limits::PAGE_MAX),
        }
    }

    /// How many resources stand before the page.
    #[must_use]
    pub fn offset(self) -> u64 {
        self.start - 1
    }
}

/// Less than 0 is 0 (RFC 7644 table 6, RFC 9865 table 1).
fn at_most(count: Option<i64>) -> usize {
    count.map_or(limits::PAGE_DEFAULT, |n| {
        usize::try_from(n.max(0)).unwrap_or(usize::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_values_are_what_the_rfc_says() {
        let first = Index { start: 1, count: 0 };
        assert_eq!(Index::new(Some(0), Some(-5)), first);
        assert_eq!(Index::new(None, None).count, limits::PAGE_DEFAULT);
        let far = Index::new(Some(101), Some(1_000_000));
        assert_eq!((far.offset(), far.count), (100, limits::PAGE_MAX));
        let endless = Index::new(Some(i64::MIN), Some(i64::MAX));
        assert_eq!((endless.offset(), endless.count), (0, limits::PAGE_MAX));
    }

    #[test]
    fn with_a_cursor_too_large_a_count_is_refused() {
        let count = |count| Paging::new(Some(String::new()), None, Some(count));
        let cursor = String::new();
        assert_eq!(count(-1), Ok(Paging::Cursor { cursor, count: 0 }));
        assert_eq!(count(1001).unwrap_err().kind, ErrorKind::InvalidCount);
        assert_eq!(
            Paging::new(Some(String::new()), Some(1), None)
                .unwrap_err()
                .kind,
            ErrorKind::InvalidValue
        );
    }
}
