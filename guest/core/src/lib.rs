//! The logic of scimlet: a SCIM 2.0 service provider (RFC 7643, RFC 7644) as a pure function of a
//! request and of what its ports answer. No I/O, no clock of its own, no wasm; nothing panics on
//! input.
//!
//! Modules in layers, the lowest first; each imports only from its own and from those before it. A
//! path names a part of a folder that is in a lower layer than the rest of it.
//!
//! * words: `urn`, `name`, `sorted_map`, `limits`, `error`, `text`, `instant`, `lifetime`,
//!   `ordered`, `json`, `store`
//! * syntax: `filter`
//! * model: `schema`, `resource_type`, `registry`, `index::terms`, `resource`, `etag`
//! * pure operations: `predicate`, `index`, `projection`, `mutability`, `relation`, `patch`,
//!   `sort`, `page`, `cursor`, `auth::signature`
//! * ports: `port`, `dialect`, `webhook`, `profile`
//! * use cases: `auth`, `secret`, `service`
//! * protocol: `http`

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test may panic")
)]

pub mod auth;
pub mod cursor;
pub mod dialect;
pub mod error;
pub mod etag;
pub mod filter;
pub mod http;
pub mod index;
pub mod instant;
pub mod json;
pub mod lifetime;
pub mod limits;
pub mod mutability;
pub mod name;
pub mod ordered;
pub mod page;
pub mod patch;
pub mod port;
pub mod predicate;
pub mod profile;
pub mod projection;
pub mod registry;
pub mod relation;
pub mod resource;
pub mod resource_type;
pub mod schema;
pub mod secret;
pub mod service;
pub mod sort;
pub mod sorted_map;
pub mod store;
pub mod text;
pub mod urn;
pub mod webhook;

pub use http::{Admitted, Request, Response, authorize, handle};

/// Loads the built-in presets, schemas and client quirks. Without this call, each is loaded on
/// first use.
pub fn prepare() {
    for preset in profile::presets() {
        let _ = profile::Policy::preset(preset);
    }
}

/// Returns the tenant that the Authorization header claims, unverified; `None` if it claims none.
/// For embedders that serve all tenants under one URL.
#[must_use]
pub fn tenant_of(headers: &[(String, String)]) -> Option<String> {
    let presented = auth::credential::presented(http::header(headers, "authorization")?)?;
    Some(presented.tenant.to_owned())
}
