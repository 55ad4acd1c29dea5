//! What becomes of a request that is refused: its answer, and what the audit keeps of it.

use std::borrow::Borrow;

use super::Request;
use super::route::Route;
use crate::error::{Error, ErrorKind};
use crate::service::RetryingSession;
use crate::service::write::audit::{self, Attempt};

/// Methods that ask for no change.
const READING: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// Why a request is refused.
pub(super) struct Refused {
    pub(super) error: Error,
    /// What the endpoint knows, if the method was wrong.
    pub(super) methods: &'static [&'static str],
    /// The permanent location of the resource, where the answer has to say it.
    pub(super) location: Option<String>,
    /// Whether it counts as no request: the client may do nothing at all, however seldom it asks.
    pub(super) free: bool,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self { error, methods: &[], location: None, free: false }
    }
}

impl Borrow<Error> for Refused {
    fn borrow(&self) -> &Error {
        &self.error
    }
}

impl Refused {
    /// The endpoint knows these methods alone.
    pub(super) fn method(methods: &'static [&'static str]) -> Self {
        let detail = format!("this endpoint knows {} alone", methods.join(", "));
        Self {
            error: Error::new(ErrorKind::MethodNotAllowed, detail),
            methods,
            location: None,
            free: false,
        }
    }

    /// The client was let in, and may do nothing at all.
    pub(super) fn free(error: Error) -> Self {
        Self { free: true, ..Self::from(error) }
    }

    /// Has the audit keep it, if it is worth that.
    pub(super) fn keep(&self, visit: &mut RetryingSession<'_>, request: &Request) {
        let write = {
            let session = visit.session();
            let route = Route::of(&request.path, &session.admission.policy.registry).ok();
            let searching = matches!(route, Some(Route::Search(_)));
            let changing = !searching && !READING.contains(&request.method.as_str());
            let kept = audit::is_kept(changing, self.error.kind.status());
            kept.then(|| wanted(route, request).refused(&self.error))
        };
        audit::keep(visit, write.as_slice());
    }

    /// The same for what the embedder serves itself, under the name of a scope.
    pub(super) fn keep_elsewhere(&self, visit: &mut RetryingSession<'_>, scope: &str) {
        let attempt =
            Attempt { method: "GET", endpoint: Some(format!("/{scope}")), ..Attempt::default() };
        audit::keep(visit, &[attempt.refused(&self.error)]);
    }
}

/// What the client wanted, without what it has chosen itself.
fn wanted<'r>(route: Option<Route<'_>>, request: &'r Request) -> Attempt<'r> {
    let method = request.method.as_str();
    let body = request.json().ok();
    match route {
        Some(Route::Type(resource_type)) => Attempt::on(method, resource_type, None, body.as_ref()),
        Some(Route::Resource(resource_type, id)) => {
            Attempt::on(method, resource_type, Some(&id), body.as_ref())
        }
        route => {
            Attempt { method, endpoint: route.map(|route| route.endpoint()), ..Attempt::default() }
        }
    }
}
