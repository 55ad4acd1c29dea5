//! Every limit on the work that a client can cause. A request beyond one gets the SCIM error that
//! the RFC names, and changes nothing.

/// Bytes of a filter or PATCH path.
pub const FILTER_BYTES: usize = 8 * 1024;
/// Nesting depth of parentheses, `not` and value paths in a filter.
pub const FILTER_DEPTH: usize = 32;
/// Comparisons in one filter.
pub const FILTER_LEAVES: usize = 128;
/// Comparisons of one filter that no index serves: `co`, `ew`, and those of attributes without an
/// index. Each is evaluated against every entry.
pub const FILTER_UNSERVED: usize = 8;
/// Values of one multi-valued attribute. Relations, such as a group's members, have their own
/// limits.
pub const ATTRIBUTE_VALUES: usize = 1000;
/// Names in `attributes` or `excludedAttributes`.
pub const ATTRIBUTE_NAMES: usize = 100;
/// Bytes of one string or binary value.
pub const VALUE_BYTES: usize = 64 * 1024;
/// Bytes of a request body, not counting the values of relations in one of up to
/// [`LARGE_BODY_BYTES`]; the host may allow less.
pub const BODY_BYTES: usize = 1024 * 1024;
/// Bytes of the body of a POST, PUT or PATCH for a type with relations, such as a group with its
/// members.
pub const LARGE_BODY_BYTES: usize = 24 * 1024 * 1024;
/// Bytes of a stored resource, over all requests that added to it.
pub const RESOURCE_BYTES: usize = 2 * 1024 * 1024;
/// Members of one object in a body larger than [`BODY_BYTES`].
pub const JSON_MEMBERS: usize = 10_000;
/// Nesting depth of arrays and objects in a body.
pub const JSON_DEPTH: usize = 64;
/// Values in a body, counting objects and arrays.
pub const JSON_VALUES: usize = 200_000;
/// Operations of one PATCH.
pub const PATCH_OPERATIONS: usize = 1000;
/// Bytes of a bulk request; advertised as `bulk.maxPayloadSize`.
pub const BULK_BYTES: usize = BODY_BYTES;
/// Operations of one bulk request; advertised as `bulk.maxOperations`. Each is a commit: at 20 ms
/// per commit, as on a slow disk, they take the ten seconds that the reference host gives a
/// request.
pub const BULK_OPERATIONS: usize = 500;
/// Retries after stale commits in one bulk request, over all its operations.
pub const BULK_RETRIES: usize = 500;
/// Changes in one commit, as the store's contract counts them: each write is one, and so is each
/// link of a `link` or `unlink`.
pub const COMMIT_CHANGES: usize = 120_000;
/// Resources on a page if the request names no number.
pub const PAGE_DEFAULT: usize = 100;
/// The most resources on a page; advertised as `filter.maxResults`.
pub const PAGE_MAX: usize = 1000;
/// Lifetime of a cursor in seconds; advertised as `pagination.cursorTimeout`.
pub const CURSOR_SECONDS: u64 = 600;
/// Entries of one type that a query may read if the store cannot evaluate the filter or the order
/// itself.
pub const SCAN_ENTRIES: usize = 20_000;
/// Entries that one store call returns during a scan.
pub const SCAN_PAGE: u32 = 500;
/// Bytes of resources, stored or as shown, after which a page of a list ends. A page always has at
/// least one resource.
pub const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of entries that a query keeps in memory; further matches are read again when they are
/// shown.
pub const HELD_BYTES: usize = 8 * 1024 * 1024;
/// Values of relations and mirrors (such as `members` and `groups`) after which a page of a list
/// ends.
pub const PAGE_LINKS: usize = 20_000;
/// Bytes of a response body. The reference host allows slightly more.
pub const RESPONSE_BYTES: usize = 30 * 1024 * 1024;
/// Values of a relation or mirror (such as a group's members) of one resource in a response.
pub const LINKS_PER_RESPONSE: usize = 100_000;
/// Values of a relation or mirror of one resource that a filter may examine if the store cannot.
pub const LINKS_PER_FILTER: usize = 10_000;
/// Links requested in one store call.
pub const LINKS_PER_CALL: usize = 10_000;
/// Names of other resources that one request caches.
pub const NAMES_KEPT: usize = 20_000;
/// Values of a relation in the response to a PATCH that did not ask for them. A resource with more
/// is changed but not returned, so that adding a member costs no more in a large group than in a
/// small one.
pub const LINKS_AFTER_CHANGE: usize = 100;
/// Values of a relation in one request.
pub const LINKS_PER_REQUEST: usize = 100_000;
/// Members of a group that grants roles or seats; an event tells each of them of a change.
pub const ASSIGNED_MEMBERS: usize = 5000;
/// Nested resources that a filter such as `groups.value eq` includes.
pub const NESTED_PER_FILTER: usize = 100;
/// Keys of one `get` or links of one `has`.
pub const KEYS_PER_CALL: usize = 500;
/// Attempts at a change before a store that keeps answering `stale` is reported as 503. Of several
/// requests that change one entry at the same time, one succeeds in each round, so this many may do
/// so under a host that does not queue them.
pub const ATTEMPTS: usize = 100;
/// Bytes of a text term, according to the store's contract.
pub const TERM_BYTES: usize = 512;
/// Bytes of a profile document.
pub const PROFILE_BYTES: usize = 256 * 1024;
/// Bytes of the key that signs a webhook's deliveries (Standard Webhooks, "Signature scheme").
pub const WEBHOOK_KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// The fewest distinct bytes in such a key: 24 random bytes have more, a repeated word has fewer.
pub const WEBHOOK_KEY_DISTINCT_BYTES: usize = 12;
