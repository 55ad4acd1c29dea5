//! scimlet-core behind the WIT interface: conversion only, no SCIM decision. Empty on native targets, where a cdylib of
//! component imports cannot be linked.

#![cfg(target_arch = "wasm32")]

mod bindings;
mod convert;
mod ports;

use bindings::exports::scimlet::plugin::admin::{
    Credential, CredentialRequest, Guest as Admin, Issued, Problem, Webhook,
};
use bindings::exports::scimlet::plugin::provider::{Guest as Provider, Origin, Request, Response};
use convert::{lift, lower};
use ports::ports;
use scimlet_core::port::Level;
use scimlet_core::service::admin;

/// What the component exports.
struct Component;

impl Provider for Component {
    fn tenant_of(headers: Vec<(String, String)>) -> Option<String> {
        scimlet_core::tenant_of(&headers)
    }

    fn handle(origin: Origin, request: Request) -> Response {
        report_panics();
        let (origin, request) = (lift::origin(origin), lift::request(request));
        lower::response(scimlet_core::handle(&ports(), &origin, &request))
    }

    fn authorize(
        origin: Origin,
        headers: Vec<(String, String)>,
        scope: String,
    ) -> Result<String, Response> {
        report_panics();
        let origin = lift::origin(origin);
        scimlet_core::authorize(&ports(), &origin, &headers, &scope).map_err(lower::response)
    }
}

impl Admin for Component {
    fn configure(profile: String, expected: Option<u64>) -> Result<u64, Problem> {
        admin::configure(&ports(), &profile, expected).map_err(problem)
    }

    fn profile() -> Result<(String, u64), Problem> {
        admin::profile(&ports()).map_err(problem)
    }

    fn webhooks() -> Result<Vec<Webhook>, Problem> {
        let webhooks = admin::webhooks(&ports()).map_err(problem)?;
        Ok(webhooks.into_iter().map(webhook).collect())
    }

    fn issue_credential(request: CredentialRequest) -> Result<Issued, Problem> {
        let request = admin::CredentialRequest {
            tenant: request.tenant,
            label: request.label,
            scheme: request.scheme,
            lifetime_seconds: request.lifetime_seconds,
            scopes: request.scopes,
        };
        admin::issue_credential(&ports(), request)
            .map(issued)
            .map_err(problem)
    }

    fn rotate_credential(id: String) -> Result<Issued, Problem> {
        admin::rotate_credential(&ports(), &id)
            .map(issued)
            .map_err(problem)
    }

    fn revoke_credential(id: String) -> Result<(), Problem> {
        admin::revoke_credential(&ports(), &id).map_err(problem)
    }

    fn credentials() -> Result<Vec<Credential>, Problem> {
        let listed = admin::credentials(&ports()).map_err(problem)?;
        Ok(listed.into_iter().map(credential).collect())
    }
}

fn webhook(webhook: scimlet_core::webhook::Webhook) -> Webhook {
    Webhook {
        url: webhook.url,
        secret: webhook.secret,
        events: webhook.events,
        retry_seconds: webhook.retry_seconds,
    }
}

fn credential(listed: admin::Listed) -> Credential {
    Credential {
        id: listed.id,
        label: listed.credential.label,
        scheme: listed.credential.scheme,
        created: listed.created,
        expires: listed.credential.expires,
        revoked: listed.credential.revoked,
        scopes: listed.credential.scopes,
    }
}

fn issued(issued: admin::Issued) -> Issued {
    Issued {
        credential: credential(issued.listed),
        secret: issued.secret,
    }
}

fn problem(problem: admin::Problem) -> Problem {
    match problem {
        admin::Problem::NotFound => Problem::NotFound,
        admin::Problem::Stale => Problem::Stale,
        admin::Problem::Invalid(text) => Problem::Invalid(text),
        admin::Problem::Refused(text) => Problem::Refused(text),
        admin::Problem::Unavailable(text) => Problem::Unavailable(text),
    }
}

/// A panic is a bug and ends the instance; where it happened would be lost, as a trap has no words.
fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        let note = lower::note(Level::Error, "panic", &info.to_string());
        bindings::scimlet::plugin::journal::write(&note);
    }));
}
