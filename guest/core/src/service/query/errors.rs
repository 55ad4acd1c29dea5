//! The errors of queries.

use crate::error::{Error, ErrorKind};
use crate::limits;

/// The error for all invalid cursors (RFC 9865 section 5.2); only the journal records the reason.
pub(super) fn invalid_cursor(why: &str) -> Error {
    let detail = "the cursor is none of this query; begin again with an empty one";
    Error::new(ErrorKind::InvalidCursor, detail).because(why)
}

/// The error for a query that would have to read too many entries.
pub(super) fn too_many() -> Error {
    let detail = format!(
        "more than {} resources would have to be read; filter more narrowly",
        limits::SCAN_ENTRIES
    );
    Error::new(ErrorKind::TooMany, detail)
}
