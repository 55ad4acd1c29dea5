//! One request from its arrival to its answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, Request};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::sync::watch;
use tracing::Instrument as _;

use super::attended::Attended;
use super::finished::Finished;
use super::problem::Problem;
use super::target::{self, Target};
use super::{Router, exchange};
use crate::plugin::{Cause, Fault, fresh_id};
use crate::store::{DatabaseError, Store, is_tenant_name};
use crate::{Vacant, http};

impl Router {
    /// Everything that is logged on the way stands in the span of the request.
    pub(super) async fn answer(self, request: Request) -> Response {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        if path == "/health" && matches!(method, Method::GET | Method::HEAD) {
            return "ok".into_response();
        }
        let span = tracing::error_span!("scim", %method, path);
        self.log(request, &path).instrument(span).await
    }

    async fn log(self, request: Request, path: &str) -> Response {
        let begun = Instant::now();
        let answer = self.scim(request, path).await;
        let response = answer.unwrap_or_else(Problem::into_response);
        let (status, took) = (response.status().as_u16(), begun.elapsed());
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
        let options = &self.options;
        let body = exchange::body(&parts.headers, body, options.body, options.body_time).await?;
        let request = http::Request {
            method: parts.method.as_str().to_owned(),
            path: target.path.to_owned(),
            query: exchange::query(&parts.uri),
            headers: exchange::headers(&parts.headers),
            body,
        };
        let origin = self.origin(&parts, &target);
        self.finished(target.tenant.map(str::to_owned), origin, request)
            .await
    }

    /// As far as the request tells without its credential.
    pub(super) fn origin(&self, parts: &Parts, target: &Target<'_>) -> http::Origin {
        let public = self.options.public_url.as_deref();
        let server = public.map_or_else(|| exchange::own_url(parts), str::to_owned);
        let client = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        http::Origin {
            tenant: String::new(),
            base_url: format!("{}{}", server.trim_end_matches('/'), target.base),
            client_address: client
                .map(|ConnectInfo(address)| address.ip().to_canonical().to_string()),
            caller: http::Caller::Unknown,
        }
    }

    /// To its end in any case: when a client goes away, axum drops the future that answers it, and a commit
    /// may be under way in there. Its reads end.
    async fn finished(
        self,
        tenant: Option<String>,
        origin: http::Origin,
        request: http::Request,
    ) -> Result<Response, Problem> {
        let (left, gone) = watch::channel(false);
        let answer = async move { self.provide(tenant, origin, request, gone).await };
        let answer = Finished::new(answer.in_current_span(), left).await;
        let answer = answer.map_err(|_| lost(Cause::Lost))??;
        let status = answer.status;
        exchange::response(answer).ok_or_else(|| lost(Cause::Status(status)))
    }

    async fn provide(
        self,
        tenant: Option<String>,
        mut origin: http::Origin,
        request: http::Request,
        gone: watch::Receiver<bool>,
    ) -> Result<http::Response, Problem> {
        let tenant = match tenant {
            Some(tenant) => Some(tenant),
            None => self.provider.tenant_of(&request.headers).await?,
        };
        origin.tenant = tenant
            .filter(|name| is_tenant_name(name))
            .unwrap_or_default();
        let (tenant, address) = (origin.tenant.clone(), origin.client_address.clone());
        self.throttle.admit(&tenant, Instant::now())?;
        let found = self.find(&tenant).await?;
        // For a tenant that is not there a store in which nothing is, so that the guest itself refuses the
        // credential, as it would refuse a wrong one.
        let store = found.clone().unwrap_or_else(|| Arc::new(Vacant));
        let store = Attended::new(store, gone);
        let answer = self.provider.handle(store, origin, request).await;
        if let Some(store) = found {
            let outcome = answer.as_ref().map(|answer| answer.status);
            self.audit.observe(&tenant, &*store, outcome).await;
        }
        self.throttle
            .settle(&tenant, address.as_deref(), answer?, Instant::now())
    }

    /// The storage of a tenant, if there is such a one. Its commits ring.
    pub(super) async fn find(&self, tenant: &str) -> Result<Option<Arc<dyn Store>>, Problem> {
        if !is_tenant_name(tenant) {
            return Ok(None);
        }
        let store = self.database.open(tenant).await.map_err(unavailable)?;
        Ok(store.map(|store| self.bell.on(tenant, store)))
    }
}

fn lost(cause: Cause) -> Problem {
    Fault {
        request: fresh_id(),
        cause,
    }
    .into()
}

fn unavailable(error: DatabaseError) -> Problem {
    let incident = fresh_id();
    tracing::error!(%incident, "{error}");
    Problem::incident(incident, true)
}
