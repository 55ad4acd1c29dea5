//! Which part of a list a request asks for: by index (RFC 7644 section 3.4.2.4) or by cursor (RFC
//! 9865 section 2).

use crate::error::{Error, ErrorKind};
use crate::limits;

/// The page sizes that a profile allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Resources on a page if the request names no number.
    pub default: usize,
    /// The most resources on a page.
    pub max: usize,
    /// Whether the service offers cursors.
    pub cursor: bool,
}

/// The page sizes of a profile that sets none.
impl Default for Bounds {
    fn default() -> Self {
        Self { default: limits::PAGE_DEFAULT, max: limits::PAGE_MAX, cursor: true }
    }
}

impl Bounds {
    /// Negative counts are taken as 0 (RFC 7644 table 6, RFC 9865 table 1).
    fn wanted(self, count: Option<i64>) -> usize {
        count.map_or(self.default, |n| usize::try_from(n.max(0)).unwrap_or(usize::MAX))
    }
}

/// The requested part of a list, with out-of-range values adjusted as the RFCs say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paging {
    /// By index.
    Index(IndexPage),
    /// By cursor.
    Cursor {
        /// The cursor of the previous page; empty for the first page.
        cursor: String,
        /// At most [`Bounds::max`].
        count: usize,
    },
}

/// The requested part of a list by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexPage {
    /// 1-based; less than 1 is 1.
    pub start: u64,
    /// At most [`Bounds::max`]; less than 0 is 0.
    pub count: usize,
}

impl Paging {
    /// Reads the values of a request; by index unless it has a cursor.
    ///
    /// # Errors
    /// `invalidCursor` if the service has no cursors, `invalidCount` if the count is too large for
    /// a cursor, `invalidValue` if `startIndex` is given as well.
    pub fn new(
        cursor: Option<String>,
        start_index: Option<i64>,
        count: Option<i64>,
        bounds: Bounds,
    ) -> Result<Self, Error> {
        let Some(cursor) = cursor else {
            return Ok(Self::Index(IndexPage::new(start_index, count, bounds)));
        };
        if !bounds.cursor {
            let detail = "this service has no cursors; ask with `startIndex`";
            return Err(Error::new(ErrorKind::InvalidCursor, detail));
        }
        if start_index.is_some() {
            return Err(Error::exclusive("cursor", "startIndex"));
        }
        let count = bounds.wanted(count);
        if count > bounds.max {
            let detail = format!("with a cursor, `count` is at most {}", bounds.max);
            return Err(Error::new(ErrorKind::InvalidCount, detail));
        }
        Ok(Self::Cursor { cursor, count })
    }
}

impl Default for Paging {
    fn default() -> Self {
        Self::Index(IndexPage::new(None, None, Bounds::default()))
    }
}

impl IndexPage {
    /// Reads the values of a request.
    #[must_use]
    pub fn new(start_index: Option<i64>, count: Option<i64>, bounds: Bounds) -> Self {
        let start = start_index.and_then(|n| u64::try_from(n).ok());
        Self { start: start.unwrap_or(1).max(1), count: bounds.wanted(count).min(bounds.max) }
    }

    /// Returns how many resources precede the page.
    #[must_use]
    pub fn offset(self) -> u64 {
        self.start - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_values_are_what_the_rfc_says() {
        let first = IndexPage { start: 1, count: 0 };
        let index = |start, count| IndexPage::new(start, count, Bounds::default());
        assert_eq!(index(Some(0), Some(-5)), first);
        assert_eq!(index(None, None).count, limits::PAGE_DEFAULT);
        let far = index(Some(101), Some(1_000_000));
        assert_eq!((far.offset(), far.count), (100, limits::PAGE_MAX));
        let endless = index(Some(i64::MIN), Some(i64::MAX));
        assert_eq!((endless.offset(), endless.count), (0, limits::PAGE_MAX));
    }

    #[test]
    fn with_a_cursor_too_large_a_count_is_refused() {
        let count = |count| Paging::new(Some(String::new()), None, Some(count), Bounds::default());
        let cursor = String::new();
        assert_eq!(count(-1), Ok(Paging::Cursor { cursor, count: 0 }));
        assert_eq!(count(1001).unwrap_err().kind, ErrorKind::InvalidCount);
        assert_eq!(
            Paging::new(Some(String::new()), Some(1), None, Bounds::default()).unwrap_err().kind,
            ErrorKind::InvalidValue
        );
    }
}
