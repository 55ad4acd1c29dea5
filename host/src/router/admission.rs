//! The first check of every request: its credential. Only a request with a good credential counts
//! against the tenant's rate, and only then is its body read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use tokio::time::timeout;
use tracing::Instrument as _;

use super::client::Client;
use super::handler::lost;
use super::problem::Problem;
use super::run_to_completion::RunToCompletion;
use super::target::Target;
use super::verified::{Digest, VerifiedCredentials};
use super::{Router, convert};
use crate::EmptyStore;
use crate::http::{Admitted, Caller, Origin, Response};
use crate::plugin::{Cause, PluginError};
use crate::store::{TenantStorage, is_tenant_name};

/// The most requests with unverified credentials that are checked at the same time, so that clients
/// without valid credentials never occupy all instances of the component.
pub(super) const UNVERIFIED: usize = 32;
/// How long such a request may wait for its permit.
const WAIT: Duration = Duration::from_secs(5);

/// The head of a request, and the tenant that it addresses.
#[derive(Clone)]
pub(super) struct RequestHead {
    pub(super) origin: Origin,
    pub(super) headers: Vec<(String, String)>,
    /// `None` if the tenant does not exist.
    pub(super) store: Option<Arc<dyn TenantStorage>>,
    /// Whether forwarding headers come from a proxy that is not trusted.
    is_forwarded: bool,
    credential: Option<Digest>,
}

impl RequestHead {
    /// Returns the tenant's store. A tenant that does not exist has an empty store, so that the
    /// guest refuses the credential exactly as it refuses a wrong one.
    pub(super) fn readable(&self) -> Arc<dyn TenantStorage> {
        self.store.clone().unwrap_or_else(|| Arc::new(EmptyStore))
    }

    fn address(&self) -> Option<&str> {
        self.origin.client_address.as_deref()
    }
}

impl Router {
    /// Reads everything that a request says without its body.
    pub(super) async fn head(
        &self,
        parts: &Parts,
        target: &Target<'_>,
    ) -> Result<RequestHead, Problem> {
        let headers = convert::headers(&parts.headers);
        let claimed = match target.tenant {
            Some(tenant) => Some(tenant.to_owned()),
            None => self.provider.tenant_of(&headers).await?,
        };
        let tenant = claimed.filter(|name| is_tenant_name(name));
        let tenant = tenant.unwrap_or_default();
        let client = Client::of(parts, &self.options.trusted_proxies);
        let public = self.options.public_url.as_deref();
        let server = public.unwrap_or(&client.server).trim_end_matches('/');
        Ok(RequestHead {
            store: self.find(&tenant).await?,
            credential: VerifiedCredentials::digest(&tenant, &headers),
            is_forwarded: client.is_forwarded,
            headers,
            origin: Origin {
                base_url: format!("{server}{}", target.base),
                client_address: client.address.map(|address| address.to_string()),
                caller: Caller::Unknown,
                tenant,
            },
        })
    }

    /// Admits a request and counts it, or returns the response to send instead. The check runs to
    /// completion even if the client goes away, since it may record the use of the credential.
    pub(super) async fn admit(&self, head: &RequestHead) -> Result<Option<Response>, Problem> {
        let (tenant, now) = (&head.origin.tenant, Instant::now());
        let known = head.credential.as_ref();
        if known.is_some_and(|digest| self.verified.contains(digest, now)) {
            match self.throttle.admit(tenant, now) {
                Ok(()) => return Ok(None),
                Err(problem) if !self.throttle.may_ask(tenant, now) => return Err(problem),
                // The limit may have been lifted, or the tenant disabled.
                Err(_) => {}
            }
        }
        let anonymous = !head.headers.iter().any(|(name, _)| name == AUTHORIZATION.as_str());
        if anonymous && let Some(address) = head.address() {
            self.throttle.check(address, now)?;
        }
        let (router, checked) = (self.clone(), head.clone());
        let answer = async move {
            let permit = timeout(WAIT, router.unverified.acquire()).await;
            let _permit =
                permit.map_err(|_| Problem::busy("too many credentials are being checked"))?;
            router.judge(&checked, None).await
        };
        let answer = RunToCompletion::new(answer.in_current_span()).await;
        let answer = answer.map_err(|_| lost(Cause::Lost))??;
        match answer {
            Ok(admitted) => self.enter(head, &admitted).map(|()| None),
            Err(refusal) => {
                self.throttle.slow_down(head.address(), refusal, Instant::now()).map(Some)
            }
        }
    }

    fn enter(&self, head: &RequestHead, admitted: &Admitted) -> Result<(), Problem> {
        let (tenant, now) = (&head.origin.tenant, Instant::now());
        if let Some(digest) = head.credential {
            self.verified.insert(digest, now);
        }
        if admitted.by_address && head.is_forwarded && self.throttle.is_first(tenant) {
            tracing::warn!(
                tenant,
                "the profile allows only some addresses, and requests come through a proxy that \
                is not \
                 trusted: its address is taken for the clients', unless `serve --trusted-proxy` \
                 names it"
            );
        }
        self.throttle.learn(tenant, admitted.rate, admitted.open, now);
        self.throttle.admit(tenant, now)
    }

    /// Asks the guest to authenticate the client and, if a scope is given, to check that the client
    /// has it. Returns the client, or the response to send.
    pub(super) async fn judge(
        &self,
        head: &RequestHead,
        scope: Option<&str>,
    ) -> Result<Result<Admitted, Response>, Problem> {
        let (origin, headers) = (head.origin.clone(), &head.headers);
        let answer = self.provider.authorize(head.readable(), origin, headers, scope).await;
        let outcome = answer.as_ref().map(|answer| match answer {
            Ok(_) => StatusCode::OK.as_u16(),
            Err(refusal) => refusal.status,
        });
        self.observe(head, outcome).await;
        Ok(answer?)
    }

    /// Passes the outcome of a request to the audit of its tenant, if that exists. Forgets a
    /// credential that is no longer valid.
    pub(super) async fn observe(&self, head: &RequestHead, outcome: Result<u16, &PluginError>) {
        if outcome.is_ok_and(|status| status == StatusCode::UNAUTHORIZED)
            && let Some(digest) = &head.credential
        {
            self.verified.remove(digest);
        }
        if let Some(store) = &head.store {
            let tenant = &head.origin.tenant;
            self.audit.observe(tenant, &**store, outcome).await;
        }
    }
}
