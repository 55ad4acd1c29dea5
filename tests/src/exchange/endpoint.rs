//! Where exchanges are run: an engine in this process, or a server.

use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use scimlet::Provider;
use scimlet::http::{Caller, Origin, Request};
use scimlet::store::Store;
use tokio::sync::watch;

/// A request below the base URL.
#[derive(Clone, Debug)]
pub struct Call {
    /// The HTTP method.
    pub method: String,
    /// Path and query, percent-encoded.
    pub target: String,
    /// The headers to send. A run of an exchange adds an Authorization header where there is none.
    pub headers: Vec<(String, String)>,
    /// The body to send, empty for none.
    pub body: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: String,
}

/// A tenant's SCIM service.
#[async_trait]
pub trait Endpoint: Send {
    /// The base URL.
    fn base(&self) -> &str;

    /// A bearer secret that is good here.
    fn secret(&self) -> &str;

    /// Sends a call as it is.
    async fn send(&self, call: Call) -> anyhow::Result<Answer>;
}

/// A provider called directly, as a host's router does.
pub struct InProcess {
    /// The component, or core natively.
    pub provider: Arc<dyn Provider>,
    /// The tenant's store.
    pub store: Arc<dyn Store>,
    /// A good secret.
    pub secret: String,
    /// The caller whom the embedder has authenticated, if it has.
    pub caller: Caller,
}

/// The tenant of every endpoint.
pub const TENANT: &str = "demo";

impl InProcess {
    /// The base URL of those that are not asked over HTTP.
    pub const BASE: &str = "http://scim.test/demo/scim/v2";
}

#[async_trait]
impl Endpoint for InProcess {
    fn base(&self) -> &str {
        Self::BASE
    }

    fn secret(&self) -> &str {
        &self.secret
    }

    async fn send(&self, call: Call) -> anyhow::Result<Answer> {
        let origin = Origin {
            tenant: TENANT.to_owned(),
            base_url: Self::BASE.to_owned(),
            client_address: None,
            caller: self.caller.clone(),
        };
        let (path, query) = call.target.split_once('?').unwrap_or((&call.target, ""));
        let is_head = call.method == "HEAD";
        let request = Request {
            method: call.method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: call.headers,
            body: call.body,
        };
        let (_waits, gone) = watch::channel(false);
        let response = self.provider.handle(self.store.clone(), origin, request, gone).await?;
        // As HTTP servers do.
        let body = if is_head { String::new() } else { response.body };
        Ok(Answer { status: response.status, headers: response.headers, body })
    }
}

/// A client of a server over HTTP.
#[derive(Clone)]
pub struct Http {
    /// The client's connections.
    pub client: reqwest::Client,
    /// The tenant's base URL.
    pub base: String,
    /// A good secret.
    pub secret: String,
}

#[async_trait]
impl Endpoint for Http {
    fn base(&self) -> &str {
        &self.base
    }

    fn secret(&self) -> &str {
        &self.secret
    }

    async fn send(&self, call: Call) -> anyhow::Result<Answer> {
        let method = call.method.parse().context("no method")?;
        let mut request = self.client.request(method, format!("{}{}", self.base, call.target));
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let response = request.body(call.body).send().await?;
        let text = |value: &reqwest::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        let headers =
            response.headers().iter().map(|(name, value)| (name.to_string(), text(value)));
        let (status, headers) = (response.status().as_u16(), headers.collect());
        Ok(Answer { status, headers, body: response.text().await? })
    }
}
