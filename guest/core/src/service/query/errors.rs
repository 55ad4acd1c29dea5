//! What a query is refused with.

use crate::error::{Error, ErrorKind};
use crate::limits;

/// One answer for all bad cursors (RFC 9865 section 5.2); the journal knows the difference.
pub(super) fn invalid_cursor(why: &str) -> Error {
    let detail = "the cursor is none of this query; begin again with an empty one";
    Error::new(ErrorKind::InvalidCursor, detail).because(why)
}

/// More than a query may read.
pub(super) fn too_many() -> Error {
    let detail = format!(
        "more than {} resources would have to be read; filter more narrowly",
        limits::SCAN_ENTRIES
    );
    Error::new(ErrorKind::TooMany, detail)
}
