//! The parameters of a search.

use crate::filter::AttrPath;
use crate::page::Paging;
use crate::projection::Projection;

/// The parameters of a query (RFC 7644 section 3.4.3).
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// The text of the filter.
    pub filter: Option<String>,
    /// The attribute to sort by.
    pub sort_by: Option<AttrPath>,
    /// Whether the order is descending.
    pub descending: bool,
    /// The requested part of the list.
    pub paging: Paging,
    /// Which attributes the response contains.
    pub projection: Projection,
}
