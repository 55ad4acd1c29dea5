//! What a profile says of how much a client may ask for.

use crate::json;
use crate::page::Bounds;

/// Pages of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PagingLimits {
    /// Whether there are cursors (RFC 9865).
    pub cursor: bool,
    /// Resources on a page that asked for none or for more.
    pub default_size: u32,
    /// Resources on a page at the most.
    pub max_size: u32,
}

json::decode_struct!(strict PagingLimits {
    cursor: "cursor",
    default_size: "default-size",
    max_size: "max-size",
});

impl PagingLimits {
    /// How large pages are.
    #[must_use]
    pub fn bounds(self) -> Bounds {
        let size = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        Bounds { default: size(self.default_size), max: size(self.max_size), cursor: self.cursor }
    }
}

/// How often a tenant's clients may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second, all clients of the tenant together; `null` for any number. An operation of a bulk counts as one.
    pub requests_per_second: Option<u32>,
    /// Whether answers say how many are left.
    pub headers: bool,
}

json::decode_struct!(strict Rate {
    requests_per_second: "requests-per-second",
    headers: "headers",
});
