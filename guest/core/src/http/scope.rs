//! Checks a request against the scopes of the credential: 403 if they do not allow it.

use super::Request;
use super::route::Route;
use crate::error::{Error, ErrorKind};
use crate::service::Session;

/// Discovery is open to every client; other endpoints need a scope.
pub(super) fn check(
    session: &Session<'_>,
    route: &Route<'_>,
    request: &Request,
) -> Result<(), Error> {
    let scopes = &session.admission.scopes;
    let searches = matches!(route, Route::Search(_));
    let reads = searches || ["GET", "HEAD", "OPTIONS"].contains(&request.method.as_str());
    if !reads && !scopes.may_change() {
        return Err(forbidden("the credential is for reading alone"));
    }
    let allowed = match route {
        Route::ServiceProviderConfig | Route::ResourceTypes(_) | Route::Schemas(_) | Route::Me => {
            true
        }
        Route::Type(resource_type)
        | Route::Resource(resource_type, _)
        | Route::Search(Some(resource_type)) => {
            return session.check_reach(resource_type);
        }
        Route::Root | Route::Search(None) => scopes.reach_everything(),
        Route::Bulk => scopes.reach_bulk(),
    };
    if allowed {
        return Ok(());
    }
    Err(forbidden("the credential's scopes do not reach this endpoint"))
}

fn forbidden(detail: &str) -> Error {
    Error::new(ErrorKind::Forbidden, detail)
}
