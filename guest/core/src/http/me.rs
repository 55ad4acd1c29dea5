//! `/Me`: RFC 7644 section 3.11. The resource of the end user that the embedder names; such a
//! caller may use nothing else.

use super::refused::Refused;
use super::request::header;
use super::response::Response;
use super::route::Route;
use crate::error::{Error, ErrorKind};
use crate::port::Caller;
use crate::resource;
use crate::resource_type::ResourceType;
use crate::service::Session;

/// Replaces the route `/Me` by that of the user's own resource; an error if the caller may not use
/// the route.
pub(super) fn resolved<'r>(
    session: &Session<'r>,
    route: Route<'r>,
    method: &str,
) -> Result<Route<'r>, Error> {
    let policy = &session.admission.policy;
    match (route, &session.origin.caller) {
        (Route::Me, Caller::User(id)) => {
            let me = policy.me.as_ref().ok_or_else(unsupported)?;
            let resource_type = policy.registry.named(&me.resource_type).ok_or_else(unsupported)?;
            let read = ["HEAD", "OPTIONS"].contains(&method).then_some("GET");
            let wanted = read.unwrap_or(method);
            if !me.methods.iter().any(|allowed| allowed == wanted) {
                let detail = format!("end users may not {method} their own resource");
                return Err(Error::new(ErrorKind::Forbidden, detail));
            }
            Ok(Route::Resource(resource_type, id.clone()))
        }
        (Route::Me, Caller::Unknown | Caller::Client(_) | Caller::Product) => Err(unsupported()),
        (_, Caller::User(_)) => {
            Err(Error::new(ErrorKind::Forbidden, "an end user may reach `/Me` alone"))
        }
        (route, Caller::Unknown | Caller::Client(_) | Caller::Product) => Ok(route),
    }
}

/// Adds the permanent location of the resource, which every response must have.
pub(super) fn located(
    session: &Session<'_>,
    resource_type: &ResourceType,
    id: &str,
    answer: Result<Response, Refused>,
) -> Result<Response, Refused> {
    let location = resource::location(resource_type, &session.origin.base_url, id);
    match answer {
        Err(refused) => Err(Refused { location: Some(location), ..refused }),
        Ok(answer) if header(&answer.headers, "location").is_some() => Ok(answer),
        Ok(answer) => Ok(answer.with("location", &location)),
    }
}

fn unsupported() -> Error {
    let detail = "`/Me` is for end users whom the application names, and this is none";
    Error::new(ErrorKind::NotImplemented, detail)
}
