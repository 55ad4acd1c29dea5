//! The connections to the service.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self, ResponseFuture};
use hyper_util::rt::TokioExecutor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::time::timeout;

use super::{BenchError, Options};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client that keeps its connections open. Clones share them.
#[derive(Clone)]
pub(super) struct Client {
    connections: Connections,
    url: String,
    authorization: String,
}

#[derive(Clone)]
enum Connections {
    Plain(legacy::Client<HttpConnector, Full<Bytes>>),
    Tls(legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

impl Connections {
    fn to(url: &str) -> Result<Self, BenchError> {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        let client = || legacy::Client::builder(TokioExecutor::new());
        if !url.starts_with("https:") {
            return Ok(Self::Plain(client().build(http)));
        }
        http.enforce_http(false);
        let tls = HttpsConnectorBuilder::new().with_native_roots();
        let tls = tls.map_err(|error| {
            let why = "no certificates of this machine can be used";
            BenchError::Unreachable(format!("{why}: {error}"))
        })?;
        let tls = tls.https_only().enable_http1().wrap_connector(http);
        Ok(Self::Tls(client().build(tls)))
    }

    fn request(&self, request: Request<Full<Bytes>>) -> ResponseFuture {
        match self {
            Self::Plain(client) => client.request(request),
            Self::Tls(client) => client.request(request),
        }
    }
}

/// A status, and a body.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Client {
    pub(super) fn new(options: &Options) -> Result<Self, BenchError> {
        Ok(Self {
            connections: Connections::to(&options.url)?,
            url: options.url.trim_end_matches('/').to_owned(),
            authorization: options.authorization.clone(),
        })
    }

    /// Sends a request and reads the whole answer; the error says why there is none.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        let uri: Uri = format!("{}{path}", self.url)
            .parse()
            .map_err(|_| format!("`{}{path}` is no URL", self.url))?;
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", &self.authorization)
            .header("accept", "application/scim+json, application/json")
            .header("content-type", "application/scim+json");
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(Full::new(Bytes::from(body)));
        let request = request.map_err(|error| error.to_string())?;
        let answer = async {
            let response = self.connections.request(request).await;
            let response = response.map_err(|error| format!("{}: {error}", self.url))?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await;
            let body = body.map_err(|error| error.to_string())?.to_bytes();
            Ok(Answer { status, body })
        };
        let late = |_| format!("no answer within {PATIENCE:?}");
        timeout(PATIENCE, answer).await.map_err(late)?
    }

    /// Creates a resource that has to be there, and returns its id.
    pub(super) async fn create(&self, path: &str, body: &Value) -> Result<String, BenchError> {
        let answer = self.send(Method::POST, path, Some(body)).await;
        let answer = answer.map_err(BenchError::Unreachable)?;
        id(&answer).ok_or_else(|| BenchError::Refused {
            method: "POST",
            path: path.to_owned(),
            status: answer.status,
            body: String::from_utf8_lossy(&answer.body).into_owned(),
        })
    }
}

/// Where a list goes on, as the query of the next request has it.
pub(super) fn next_cursor(answer: &Answer) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let cursor = body.get("nextCursor")?.as_str()?;
    Some(utf8_percent_encode(cursor, NON_ALPHANUMERIC).to_string())
}

/// The id of what was created.
pub(super) fn id(answer: &Answer) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let id = body.get("id")?.as_str()?;
    (answer.status == 201).then(|| id.to_owned())
}
