//! A search as it is asked for.

use crate::filter::AttrPath;
use crate::page::Paging;
use crate::projection::Projection;

/// What is searched for (RFC 7644 section 3.4.3).
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// The filter's text.
    pub filter: Option<String>,
    /// What to sort by.
    pub sort_by: Option<AttrPath>,
    /// Whether the order is reversed.
    pub descending: bool,
    /// Which part of the list is wanted.
    pub paging: Paging,
    /// Which attributes the answer is to hold.
    pub projection: Projection,
}
