//! The protocol: RFC 7644 section 3. The only place that knows methods and status lines.

mod me;
mod request;
mod response;
mod route;
mod search_request;

use serde_json::Value;

pub use request::{Request, header};
pub use response::Response;
use route::Route;

use crate::error::{Error, ErrorKind};
use crate::port::{Origin, Ports};
use crate::resource_type::ResourceType;
use crate::service::{self, Session, Visit, discovery};

/// Answers any request; whatever is wrong with it is said in the response.
pub fn handle(ports: &Ports<'_>, origin: &Origin, request: &Request) -> Response {
    let answer = attempts(ports, origin, request).unwrap_or_else(|error| {
        ports.note_refusal(&error);
        Response::error(&error)
    });
    // A client that accepts none has an answer all the same, which says so.
    match request.accepted() {
        Ok(media_type) => answer.of_type(media_type),
        Err(_) => answer,
    }
}

/// Those of RFC 9110 section 9 and PATCH; others are answered with 501 (RFC 9110 section 15.6.2), whatever the endpoint.
const KNOWN_METHODS: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

/// A commit that was refused as stale starts again from the admission, a bounded number of times.
fn attempts(ports: &Ports<'_>, origin: &Origin, request: &Request) -> Result<Response, Error> {
    let mut visit = Visit::begin(ports, origin, request.authorization()?)?;
    visit.attempts(|session| attempt(session, request))
}

fn attempt(session: &Session<'_>, request: &Request) -> Result<Response, Error> {
    let route = Route::of(&request.path, &session.admission.policy.registry)?;
    let is_me = matches!(route, Route::Me);
    let route = me::resolved(session, route, &request.method)?;
    let answer = at_route(session, &route, request);
    match route {
        Route::Resource(of, id) if is_me => me::located(session, of, &id, answer),
        _ => answer,
    }
}

fn at_route(
    session: &Session<'_>,
    route: &Route<'_>,
    request: &Request,
) -> Result<Response, Error> {
    let methods = route.methods();
    let allowed = |answer: Response| answer.with("allow", &methods.join(", "));
    if request.method == "OPTIONS" {
        return Ok(allowed(Response::empty(204)));
    }
    if !KNOWN_METHODS.contains(&request.method.as_str()) {
        let detail = "there is no such method";
        return Err(Error::new(ErrorKind::NotImplemented, detail));
    }
    if !methods.contains(&request.method.as_str()) {
        let detail = format!("this endpoint knows {} alone", methods.join(", "));
        return Ok(allowed(Response::error(&Error::new(
            ErrorKind::MethodNotAllowed,
            detail,
        ))));
    }
    request.accepted()?;
    request.check_query()?;
    dispatch(session, route, request)
}

fn dispatch(
    session: &Session<'_>,
    route: &Route<'_>,
    request: &Request,
) -> Result<Response, Error> {
    if !matches!(route, Route::Resource(..)) {
        request.conditions().allow_unversioned()?;
    }
    let found = |document: &Value| Ok(Response::json(200, document));
    match route {
        Route::ServiceProviderConfig => found(&discovery::service_provider_config(session)),
        Route::ResourceTypes(None) => unfiltered(request, || discovery::resource_types(session)),
        Route::ResourceTypes(Some(name)) => found(&discovery::resource_type(session, name)?),
        Route::Schemas(None) => unfiltered(request, || discovery::schemas(session)),
        Route::Schemas(Some(uri)) => found(&discovery::schema(session, uri)?),
        Route::Type(of) if request.method == "POST" => {
            let body = request.json()?;
            let shown = service::create::create(session, of, body, &request.options()?)?;
            Ok(Response::resource(201, 201, shown))
        }
        Route::Type(of) => found(&service::query::query(session, of, &request.search()?)?),
        Route::Root => found(&service::query::query_all(session, &request.search()?)?),
        Route::Search(of) => {
            let search = search_request::search(request.json()?)?;
            found(&match of {
                Some(of) => service::query::query(session, of, &search)?,
                None => service::query::query_all(session, &search)?,
            })
        }
        Route::Resource(of, id) => resource(session, of, id, request),
        Route::Bulk => found(&service::bulk::bulk(session, request.bulk_json()?)?),
        Route::Me => Err(Error::internal("a route was dispatched that leads nowhere")),
    }
}

/// RFC 7644 section 4: discovery is not to be filtered.
fn unfiltered(request: &Request, list: impl Fn() -> Value) -> Result<Response, Error> {
    match request.parameter("filter")? {
        None => Ok(Response::json(200, &list())),
        Some(_) => Err(Error::new(
            ErrorKind::Forbidden,
            "this endpoint cannot be filtered",
        )),
    }
}

fn resource(
    session: &Session<'_>,
    of: &ResourceType,
    id: &str,
    request: &Request,
) -> Result<Response, Error> {
    let options = request.options()?;
    Ok(match request.method.as_str() {
        "PUT" => {
            let replaced = service::replace::replace(session, of, id, request.json()?, &options)?;
            Response::resource(200, 204, replaced)
        }
        "PATCH" => {
            let modified = service::modify::modify(session, of, id, request.json()?, &options)?;
            Response::resource(200, 204, modified)
        }
        "DELETE" => {
            service::delete::delete(session, of, id, &options)?;
            Response::empty(204)
        }
        _ => {
            let found = service::retrieve::retrieve(session, of, id, &options)?;
            Response::resource(200, 304, found)
        }
    })
}
