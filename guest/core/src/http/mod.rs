//! The protocol: RFC 7644 section 3. The only module that knows methods and status lines.

mod me;
mod rate;
mod refused;
mod request;
mod response;
mod route;
mod scope;
mod search_request;

use serde_json::Value;

use refused::Refused;
pub use request::{Request, header};
pub use response::Response;
use route::Route;

use crate::auth;
use crate::error::{Error, ErrorKind};
use crate::port::{Origin, Ports};
use crate::resource_type::ResourceType;
use crate::service::query::ListPage;
use crate::service::{self, RetryingSession, Session, discovery};

/// Answers any request; errors become responses, and the audit records refused requests.
pub fn handle(ports: &Ports<'_>, origin: &Origin, request: &Request) -> Response {
    let visit = request
        .authorization()
        .and_then(|authorization| RetryingSession::begin(ports, origin, authorization));
    let response = match visit {
        Ok(visit) => visited(visit, request),
        Err(error) => answer(ports, &error.into()),
    };
    sent(response, &request.headers)
}

/// Sets the media type that the client accepts, and forbids caches to store personal data.
fn sent(response: Response, headers: &[(String, String)]) -> Response {
    // A client that accepts neither media type gets a response that says so, in the default type.
    let response = match request::accepted(headers) {
        Ok(media_type) => response.of_type(media_type),
        Err(_) => response,
    };
    response.with("cache-control", "no-store")
}

/// The methods of RFC 9110 section 9 and PATCH; others are answered with 501 (RFC 9110 section
/// 15.6.2) at every endpoint.
const KNOWN_METHODS: [&str; 9] =
    ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/// Runs a request; after a stale commit it is run again from the admission, a limited number of
/// times.
fn visited(mut visit: RetryingSession<'_>, request: &Request) -> Response {
    let outcome = visit.attempts(|session| attempt(session, request));
    let response = outcome.unwrap_or_else(|refused: Refused| {
        refused.keep(&mut visit, request);
        answer(&visit.session().ports, &refused)
    });
    rate::told(&visit.session().admission.policy.rate, response)
}

/// A client whose credential is valid (wit/http.wit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The client's name in events.
    pub actor: String,
    /// Requests per second that the profile allows to all clients of the tenant together; `None`
    /// for no limit.
    pub rate: Option<u32>,
    /// False while [`handle`] answers every request of this client with 403.
    pub open: bool,
    /// Whether the profile admits only some addresses.
    pub by_address: bool,
}

/// Authenticates a client by its headers and, if a scope is named, checks that it has the scope.
///
/// # Errors
/// The response to send if it is refused.
pub fn authorize(
    ports: &Ports<'_>,
    origin: &Origin,
    headers: &[(String, String)],
    scope: Option<&str>,
) -> Result<Admitted, Response> {
    let visit = request::authorization(headers)
        .and_then(|authorization| RetryingSession::begin(ports, origin, authorization));
    let refusal = |refused: &Refused| sent(answer(ports, refused), headers);
    let mut visit = visit.map_err(|error| refusal(&error.into()))?;
    let admission = visit.session().admission.clone();
    let passed = auth::pass(origin, &admission);
    let open = passed.is_ok();
    if let Some(scope) = scope
        && let Err(error) = passed.and_then(|()| auth::require(origin, &admission, scope))
    {
        let refused = Refused::from(error);
        refused.keep_elsewhere(&mut visit, scope);
        return Err(refusal(&refused));
    }
    Ok(Admitted {
        actor: admission.actor,
        rate: admission.policy.rate.requests_per_second,
        open,
        by_address: !admission.policy.network.allow.is_empty(),
    })
}

fn answer(ports: &Ports<'_>, refused: &Refused) -> Response {
    ports.note_refusal(&refused.error);
    let mut answer = Response::error(&refused.error);
    if refused.free {
        answer = rate::free(answer);
    }
    if let Some(location) = &refused.location {
        answer = answer.with("location", location);
    }
    match refused.methods {
        [] => answer,
        methods => answer.with("allow", &methods.join(", ")),
    }
}

fn attempt(session: &Session<'_>, request: &Request) -> Result<Response, Refused> {
    auth::pass(session.origin, session.admission).map_err(Refused::free)?;
    let route = Route::of(&request.path, &session.admission.policy.registry)?;
    let is_me = matches!(route, Route::Me);
    let route = me::resolved(session, route, &request.method)?;
    let answer = at_route(session, &route, request);
    match route {
        Route::Resource(resource_type, id) if is_me => {
            me::located(session, resource_type, &id, answer)
        }
        _ => answer,
    }
}

fn at_route(
    session: &Session<'_>,
    route: &Route<'_>,
    request: &Request,
) -> Result<Response, Refused> {
    let methods = route.methods();
    if request.method == "OPTIONS" {
        return Ok(Response::empty(204).with("allow", &methods.join(", ")));
    }
    if !KNOWN_METHODS.contains(&request.method.as_str()) {
        let detail = "there is no such method";
        return Err(Error::new(ErrorKind::NotImplemented, detail).into());
    }
    if !methods.contains(&request.method.as_str()) {
        return Err(Refused::method(methods));
    }
    scope::check(session, route, request)?;
    request.accepted()?;
    request.check_query()?;
    Ok(dispatch(session, route, request)?)
}

fn dispatch(
    session: &Session<'_>,
    route: &Route<'_>,
    request: &Request,
) -> Result<Response, Error> {
    if !matches!(route, Route::Resource(..)) {
        request.conditions().allow_unversioned()?;
    }
    if route.is_discovery() {
        unfiltered(request)?;
    }
    let types = match route {
        Route::Type(resource_type) | Route::Resource(resource_type, _) => {
            std::slice::from_ref(*resource_type)
        }
        Route::Root => session.admission.policy.registry.types(),
        _ => &[],
    };
    if !types.is_empty() {
        session.check_projection(types, &request.projection()?)?;
    }
    let found = |document: &Value| Ok(Response::json(200, document));
    let listed = |list: ListPage| Ok(rate::charged(Response::text(200, list.text), list.cost));
    let bounds = session.admission.policy.paging.bounds();
    match route {
        Route::ServiceProviderConfig => found(&discovery::service_provider_config(session)),
        Route::ResourceTypes(None) => found(&discovery::resource_types(session)),
        Route::ResourceTypes(Some(name)) => found(&discovery::resource_type(session, name)?),
        Route::Schemas(None) => found(&discovery::schemas(session)),
        Route::Schemas(Some(uri)) => found(&discovery::schema(session, uri)?),
        Route::Type(resource_type) if request.method == "POST" => {
            let body = request.json_of(resource_type)?;
            let shown = service::create::create(session, resource_type, body, &request.options()?)?;
            Ok(Response::resource(201, 201, shown))
        }
        Route::Type(resource_type) => {
            let search = request.search(bounds)?;
            listed(service::query::query(session, resource_type, &search)?)
        }
        Route::Root => {
            let search = request.search(bounds)?;
            listed(service::query::query_all(session, &search)?)
        }
        Route::Search(resource_type) => {
            let mut body = request.json()?;
            session.rewrite_search(*resource_type, &mut body);
            let search = search_request::search(body, bounds)?;
            let types = match resource_type {
                Some(resource_type) => std::slice::from_ref(*resource_type),
                None => session.admission.policy.registry.types(),
            };
            session.check_projection(types, &search.projection)?;
            listed(match resource_type {
                Some(resource_type) => service::query::query(session, resource_type, &search)?,
                None => service::query::query_all(session, &search)?,
            })
        }
        Route::Resource(resource_type, id) => resource(session, resource_type, id, request),
        Route::Bulk => {
            let document = service::bulk::bulk(session, request.bulk_json()?)?;
            let operations = document.get("Operations").and_then(Value::as_array);
            let count = operations.map_or(1, Vec::len);
            Ok(rate::charged(Response::json(200, &document), count))
        }
        Route::Me => Err(Error::internal("a route was dispatched that leads nowhere")),
    }
}

/// Refuses a filter: RFC 7644 section 4 forbids filtering of discovery endpoints.
fn unfiltered(request: &Request) -> Result<(), Error> {
    match request.parameter("filter")? {
        None => Ok(()),
        Some(_) => Err(Error::new(ErrorKind::Forbidden, "this endpoint cannot be filtered")),
    }
}

fn resource(
    session: &Session<'_>,
    resource_type: &ResourceType,
    id: &str,
    request: &Request,
) -> Result<Response, Error> {
    let options = request.options()?;
    Ok(match request.method.as_str() {
        "PUT" => {
            let body = request.json_of(resource_type)?;
            let replaced = service::replace::replace(session, resource_type, id, body, &options)?;
            Response::resource(200, 204, replaced)
        }
        "PATCH" => {
            let body = request.json_of(resource_type)?;
            let modified = service::modify::modify(session, resource_type, id, body, &options)?;
            Response::resource(200, 204, modified)
        }
        "DELETE" => {
            service::delete::delete(session, resource_type, id, &options)?;
            Response::empty(204)
        }
        _ => {
            let found = service::retrieve::retrieve(session, resource_type, id, &options)?;
            Response::resource(200, 304, found)
        }
    })
}
