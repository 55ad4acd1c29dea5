//! scimlet-core behind the WIT interface: conversion only, no SCIM decision. Empty on native targets, where a cdylib of
//! component imports cannot be linked.

#![cfg(target_arch = "wasm32")]

mod bindings;

use bindings::exports::scimlet::plugin::admin::{
    Credential, CredentialRequest, Guest as Admin, Issued, Problem,
};
use bindings::exports::scimlet::plugin::provider::{Guest as Provider, Origin, Request, Response};

pub(crate) struct Component;

impl Provider for Component {
    fn tenant_of(_headers: Vec<(String, String)>) -> Option<String> {
        None
    }
    fn handle(_origin: Origin, _request: Request) -> Response {
        let t = wasip2::clocks::wall_clock::now();
        let _ = wasip2::random::random::get_random_bytes(8);
        let _ = bindings::scimlet::plugin::store::counters(&[t.seconds.to_string()]);
        bindings::scimlet::plugin::journal::write(&bindings::scimlet::plugin::journal::Note {
            level: bindings::scimlet::plugin::journal::Level::Info,
            topic: "x".into(),
            text: "x".into(),
        });
        Response {
            status: 501,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }
}

impl Admin for Component {
    fn configure(_profile: String, _expected: Option<u64>) -> Result<u64, Problem> {
        Ok(1)
    }
    fn profile() -> Result<(String, u64), Problem> {
        Err(Problem::NotFound)
    }
    fn issue_credential(_r: CredentialRequest) -> Result<Issued, Problem> {
        Err(Problem::NotFound)
    }
    fn rotate_credential(_id: String) -> Result<Issued, Problem> {
        Err(Problem::NotFound)
    }
    fn revoke_credential(_id: String) -> Result<(), Problem> {
        Ok(())
    }
    fn credentials() -> Result<Vec<Credential>, Problem> {
        Ok(vec![])
    }
}
