//! Paging by index: RFC 7644 section 3.4.2.4.

use crate::limits;

/// Which part of a list is wanted, with out-of-range values as the RFC has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// 1-based; less than 1 is 1.
    pub start_index: u64,
    /// At most [`limits::PAGE_MAX`]; less than 0 is 0.
    pub count: usize,
}

impl Paging {
    /// From the values of a request.
    #[must_use]
    pub fn new(start_index: Option<i64>, count: Option<i64>) -> Self {
        let start_index = start_index
            .and_then(|n| u64::try_from(n).ok())
            .unwrap_or(1)
            .max(1);
        let count = count.map_or(limits::PAGE_DEFAULT, |n| usize::try_from(n).unwrap_or(0));
        Self {
            start_index,
            count: count.min(limits::PAGE_MAX),
        }
    }

    /// How many resources stand before the page.
    #[must_use]
    pub fn offset(self) -> u64 {
        self.start_index - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_values_are_what_the_rfc_says() {
        assert_eq!(
            Paging::new(Some(0), Some(-5)),
            Paging {
                start_index: 1,
                count: 0
            }
        );
        assert_eq!(Paging::new(None, None).count, limits::PAGE_DEFAULT);
        assert_eq!(
            Paging::new(Some(101), Some(1_000_000)).count,
            limits::PAGE_MAX
        );
    }
}
