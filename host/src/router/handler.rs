//! Handles one request, from its arrival to its response.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use tokio::sync::watch;
use tracing::Instrument as _;

use super::admission::RequestHead;
use super::bodies::BodyPermit;
use super::client::has_proper_host;
use super::problem::Problem;
use super::run_to_completion::RunToCompletion;
use super::target::{self, Target};
use super::{Router, convert};
use crate::http;
use crate::plugin::{Cause, PluginError, fresh_id};
use crate::store::{DatabaseError, TenantStorage, is_tenant_name};

impl Router {
    /// Handles a request. All log entries are in its tracing span.
    pub(crate) async fn answer(self, request: Request) -> Response {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        if !has_proper_host(request.headers(), request.version() < Version::HTTP_11) {
            let detail = "there must be one Host header that names a host";
            return guarded(Problem::new(StatusCode::BAD_REQUEST, detail).into_response());
        }
        if is_health(&request) {
            return guarded(match self.database.is_lost() {
                true => (StatusCode::SERVICE_UNAVAILABLE, "the database is lost").into_response(),
                false => "ok".into_response(),
            });
        }
        if is_for(&request, "/readyz") {
            return guarded(self.readiness.answer(*self.closing.borrow()));
        }
        let span = tracing::error_span!("scim", %method, path);
        guarded(self.log(request, &path).instrument(span).await)
    }

    async fn log(self, request: Request, path: &str) -> Response {
        let started = Instant::now();
        let answer = self.scim(request, path).await;
        let response = answer.unwrap_or_else(Problem::into_response);
        let (status, took) = (response.status().as_u16(), started.elapsed());
        tracing::info!(status, ?took, "answered");
        response
    }

    async fn scim(self, request: Request, path: &str) -> Result<Response, Problem> {
        if let Some(tenant) = target::feed(path) {
            return self.events(tenant, request).await;
        }
        let nothing = || Problem::new(StatusCode::NOT_FOUND, "there is nothing here");
        let target = Target::of(path).ok_or_else(nothing)?;
        let (parts, body) = request.into_parts();
        let head = self.head(&parts, &target).await?;
        if let Some(refusal) = self.admit(&head).await? {
            return sent(refusal);
        }
        let (permit, body) = self.body(&parts, &head, body).await?;
        let request = http::Request {
            method: parts.method.as_str().to_owned(),
            path: target.path.to_owned(),
            query: convert::query(&parts.uri),
            headers: head.headers.clone(),
            body,
        };
        self.provide_to_end(head, request, permit).await
    }

    /// Reads the body of an admitted client, and takes the permit for it.
    async fn body(
        &self,
        parts: &Parts,
        head: &RequestHead,
        body: Body,
    ) -> Result<(Option<BodyPermit>, String), Problem> {
        let pace = convert::Pace {
            limit: self.options.body,
            time: self.options.body_time,
            rate: self.options.body_rate,
        };
        let pace = pace.of_length(&parts.headers);
        let Some(bytes) = pace.announced(&parts.headers, &body)? else {
            return Ok((None, String::new()));
        };
        let permit = self.bodies.acquire(&head.origin.tenant, bytes).await?;
        Ok((Some(permit), pace.read(body).await?))
    }

    /// Calls the provider and runs it to completion: if a client goes away, the server drops the
    /// future that serves it, which may be in the middle of a commit. Its reads are cancelled.
    async fn provide_to_end(
        self,
        head: RequestHead,
        request: http::Request,
        permit: Option<BodyPermit>,
    ) -> Result<Response, Problem> {
        let (left, gone) = watch::channel(false);
        let answer = async move {
            let answer = self.provide(&head, request, gone).await;
            drop(permit);
            answer
        };
        let answer = RunToCompletion::with_signal(answer.in_current_span(), left).await;
        sent(answer.map_err(|_| lost(Cause::Lost))??)
    }

    async fn provide(
        &self,
        head: &RequestHead,
        request: http::Request,
        gone: watch::Receiver<bool>,
    ) -> Result<http::Response, Problem> {
        let origin = &head.origin;
        let answer = self.provider.handle(head.readable(), origin.clone(), request, gone).await;
        let outcome = answer.as_ref().map(|answer| answer.status);
        self.observe(head, outcome).await;
        let address = origin.client_address.as_deref();
        self.throttle.settle(&origin.tenant, address, answer?, Instant::now())
    }

    /// Opens the store of a tenant, if it exists. Its commits notify the feed's followers.
    pub(super) async fn find(
        &self,
        tenant: &str,
    ) -> Result<Option<Arc<dyn TenantStorage>>, Problem> {
        if !is_tenant_name(tenant) {
            return Ok(None);
        }
        let store = self.database.open(tenant).await.map_err(unavailable)?;
        Ok(store.map(|store| self.notifier.wrap(tenant, store)))
    }
}

/// Returns whether this is a liveness request: `GET` or `HEAD` of `/health`.
pub(crate) fn is_health<B>(request: &axum::http::Request<B>) -> bool {
    is_for(request, "/health")
}

fn is_for<B>(request: &axum::http::Request<B>, path: &str) -> bool {
    request.uri().path() == path && matches!(*request.method(), Method::GET | Method::HEAD)
}

/// The response of a server that has no capacity for another connection.
pub(crate) fn busy() -> Response {
    guarded(Problem::busy("too many connections are open").into_response())
}

/// Adds headers that forbid caching and content sniffing.
fn guarded(mut answer: Response) -> Response {
    let headers: &mut HeaderMap = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// Converts the guest's response.
pub(super) fn sent(answer: http::Response) -> Result<Response, Problem> {
    let status = answer.status;
    convert::response(answer).ok_or_else(|| lost(Cause::Status(status)))
}

pub(super) fn lost(cause: Cause) -> Problem {
    PluginError { request: fresh_id(), cause }.into()
}

fn unavailable(error: DatabaseError) -> Problem {
    let incident = fresh_id();
    tracing::error!(%incident, "{error}");
    Problem::incident(incident, !matches!(error, DatabaseError::Damaged(_)))
}
