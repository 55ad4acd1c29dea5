//! A profile's limits on clients' requests.

use crate::json;
use crate::page::Bounds;

/// Pages of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PagingLimits {
    /// Whether the service offers cursors (RFC 9865).
    pub cursor: bool,
    /// Resources on a page if the request names no number.
    pub default_size: u32,
    /// The most resources on a page.
    pub max_size: u32,
}

json::decode_struct!(strict PagingLimits {
    cursor: "cursor",
    default_size: "default-size",
    max_size: "max-size",
});

impl PagingLimits {
    /// Returns the page sizes.
    #[must_use]
    pub fn bounds(self) -> Bounds {
        let size = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        Bounds { default: size(self.default_size), max: size(self.max_size), cursor: self.cursor }
    }
}

/// The request rate of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests per second of all clients of the tenant together; `null` for no limit. Each
    /// operation of a bulk request counts as one.
    pub requests_per_second: Option<u32>,
    /// Whether response headers tell how many requests are left.
    pub headers: bool,
}

json::decode_struct!(strict Rate {
    requests_per_second: "requests-per-second",
    headers: "headers",
});
