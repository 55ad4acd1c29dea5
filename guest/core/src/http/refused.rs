//! Refused requests: the response, and the record in the audit.

use std::borrow::Borrow;

use super::Request;
use super::route::Route;
use crate::error::{Error, ErrorKind};
use crate::service::RetryingSession;
use crate::service::write::audit::{self, Attempt};

/// Methods that only read.
const READING: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// A refused request.
pub(super) struct Refused {
    pub(super) error: Error,
    /// The methods that the endpoint supports, if the method was wrong.
    pub(super) methods: &'static [&'static str],
    /// The permanent location of the resource, if the response must contain it.
    pub(super) location: Option<String>,
    /// Whether it does not count against the rate, since the client may do nothing at all.
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
    /// The endpoint supports only these methods.
    pub(super) fn method(methods: &'static [&'static str]) -> Self {
        let detail = format!("this endpoint knows {} alone", methods.join(", "));
        Self {
            error: Error::new(ErrorKind::MethodNotAllowed, detail),
            methods,
            location: None,
            free: false,
        }
    }

    /// The client was admitted but may do nothing at all.
    pub(super) fn free(error: Error) -> Self {
        Self { free: true, ..Self::from(error) }
    }

    /// Records the refusal in the audit, if it is of interest there.
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

    /// Records, under the name of a scope, the refusal of a request that the embedder serves
    /// itself.
    pub(super) fn keep_elsewhere(&self, visit: &mut RetryingSession<'_>, scope: &str) {
        let attempt =
            Attempt { method: "GET", endpoint: Some(format!("/{scope}")), ..Attempt::default() };
        audit::keep(visit, &[attempt.refused(&self.error)]);
    }
}

/// Describes the attempted request, without text that the client chose freely.
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
