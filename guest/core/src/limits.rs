//! Every bound on what a client can make the service do. Past one: the SCIM error that the RFC
//! names, and nothing changed.

/// Bytes of a filter or path.
pub const FILTER_BYTES: usize = 8 * 1024;
/// How deep parentheses, `not` and value paths may nest in a filter.
pub const FILTER_DEPTH: usize = 32;
/// Comparisons in one filter.
pub const FILTER_LEAVES: usize = 128;
/// Terms of one filter that no index serves: `co` and `ew`, and whatever is not indexed. Each is
/// looked for in every entry.
pub const FILTER_UNSERVED: usize = 8;
/// Values of one multi-valued attribute. Those of relations, such as a group's members, have limits
/// of their own.
pub const ATTRIBUTE_VALUES: usize = 1000;
/// Names in `attributes` or `excludedAttributes`.
pub const ATTRIBUTE_NAMES: usize = 100;
/// Bytes of one text or binary value.
pub const VALUE_BYTES: usize = 64 * 1024;
/// Bytes of a request body, the values of relations in a [`LARGE_BODY_BYTES`] left out; the host
/// may allow less.
pub const BODY_BYTES: usize = 1024 * 1024;
/// Bytes of the body of a POST, PUT or PATCH for a type with relations, such as a group with its
/// members.
pub const LARGE_BODY_BYTES: usize = 24 * 1024 * 1024;
/// Bytes of a resource as it is kept, however many requests it grew by.
pub const RESOURCE_BYTES: usize = 2 * 1024 * 1024;
/// Members of one object in a body that is larger than [`BODY_BYTES`].
pub const JSON_MEMBERS: usize = 10_000;
/// How deep arrays and objects of a body may nest.
pub const JSON_DEPTH: usize = 64;
/// Values in a body, objects and arrays counted too.
pub const JSON_VALUES: usize = 200_000;
/// Operations of one PATCH.
pub const PATCH_OPERATIONS: usize = 1000;
/// Bytes of a bulk request; advertised as `bulk.maxPayloadSize`.
pub const BULK_BYTES: usize = BODY_BYTES;
/// Operations of one bulk request; advertised as `bulk.maxOperations`. Each is a commit: at 20 ms a
/// commit, a slow disk, they take the ten seconds that the reference host gives a request.
pub const BULK_OPERATIONS: usize = 500;
/// Stale commits that one bulk request tries again, all its operations together.
pub const BULK_RETRIES: usize = 500;
/// Changes of one commit, as the store's contract has it: each write is one, and each link of a
/// `link` or `unlink`.
pub const COMMIT_CHANGES: usize = 120_000;
/// Resources on a page that asked for none or for more.
pub const PAGE_DEFAULT: usize = 100;
/// Resources on a page at the most; advertised as `filter.maxResults`.
pub const PAGE_MAX: usize = 1000;
/// Seconds that a cursor is good for; advertised as `pagination.cursorTimeout`.
pub const CURSOR_SECONDS: u64 = 600;
/// Entries of one type that one query may read where the store could not evaluate the filter or the
/// order itself.
pub const SCAN_ENTRIES: usize = 20_000;
/// Entries that one store call returns during a scan.
pub const SCAN_PAGE: u32 = 500;
/// Bytes of bodies at which a store may end a page of `find`, as its contract has it.
pub const STORE_PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of resources, as they are kept or as they are shown, after which a page of a list ends.
/// One resource it has in any case.
pub const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// Bytes of entries that a query holds; those of further matches are read once more where they are
/// shown.
pub const HELD_BYTES: usize = 8 * 1024 * 1024;
/// Values of relations and mirrors (such as `members` and `groups`) after which a page of a list
/// ends.
pub const PAGE_LINKS: usize = 20_000;
/// Bytes of an answer's body. The reference host takes a little more.
pub const RESPONSE_BYTES: usize = 30 * 1024 * 1024;
/// Values of a relation or mirror (such as a group's members) of one resource in an answer.
pub const LINKS_PER_RESPONSE: usize = 100_000;
/// Values of a relation or mirror of one resource that a filter may look at where the store cannot.
pub const LINKS_PER_FILTER: usize = 10_000;
/// Links that one store call is asked for.
pub const LINKS_PER_CALL: usize = 10_000;
/// Names of other resources that one request remembers.
pub const NAMES_KEPT: usize = 20_000;
/// Values of a relation in the answer to a PATCH that did not ask for any: what has more is changed
/// and not shown, so that one member more costs the same in a large group as in a small one.
pub const LINKS_AFTER_CHANGE: usize = 100;
/// Values of a relation in one request.
pub const LINKS_PER_REQUEST: usize = 100_000;
/// Members of a group that gives them roles or seats: each is told of a change.
pub const ASSIGNED_MEMBERS: usize = 5000;
/// Resources inside one another that a filter such as `groups.value eq` takes in.
pub const NESTED_PER_FILTER: usize = 100;
/// Keys of one `get`, links of one `has`.
pub const KEYS_PER_CALL: usize = 500;
/// Attempts at a change before a store that keeps answering `stale` is reported as 503. Of many
/// that change one entry at once, one succeeds each time, so that this many may do so under a host
/// that does not queue them.
pub const ATTEMPTS: usize = 100;
/// Bytes of a text term, as the store's contract has it.
pub const TERM_BYTES: usize = 512;
/// Bytes of a profile document.
pub const PROFILE_BYTES: usize = 256 * 1024;
/// Bytes of the key that a webhook's deliveries are signed with: Standard Webhooks, "Signature
/// scheme".
pub const WEBHOOK_KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Different bytes of such a key: of 24 random ones fewer are not to be expected, unlike in a word
/// that is repeated.
pub const WEBHOOK_KEY_DISTINCT_BYTES: usize = 12;
