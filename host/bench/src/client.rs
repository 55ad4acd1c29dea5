//! Connections to the service. Each carries one request at a time and is driven by the task that
//! waits for the response: a pool and separate tasks would cost more than the service does.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, Request, Uri, header};
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use tokio::time::timeout;
use tower_service::Service as _;

use super::{BenchError, Options};

/// How long a response may take.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// A service and the credentials for it.
#[derive(Clone)]
pub(super) struct Client {
    connector: Connector,
    uri: Uri,
    authority: String,
    base: String,
    authorization: String,
}

#[derive(Clone)]
enum Connector {
    Plain(HttpConnector),
    Tls(HttpsConnector<HttpConnector>),
}

impl Connector {
    fn to(uri: &Uri) -> Result<Self, BenchError> {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        if uri.scheme_str() != Some("https") {
            return Ok(Self::Plain(http));
        }
        http.enforce_http(false);
        let tls = HttpsConnectorBuilder::new().with_native_roots();
        let tls = tls.map_err(|error| {
            let why = "no certificates of this machine can be used";
            BenchError::Unreachable(format!("{why}: {error}"))
        })?;
        Ok(Self::Tls(tls.https_only().enable_http1().wrap_connector(http)))
    }

    async fn open(&self, uri: Uri) -> Result<Open, String> {
        match self.clone() {
            Self::Plain(mut http) => {
                Open::over(http.call(uri).await.map_err(|error| with_cause(&error))?).await
            }
            Self::Tls(mut https) => {
                Open::over(https.call(uri).await.map_err(|error| with_cause(&*error))?).await
            }
        }
    }
}

/// A connection, which is opened by the first request and again after it was closed.
pub(super) struct Connection {
    client: Client,
    open: Option<Open>,
}

struct Open {
    sender: SendRequest<Full<Bytes>>,
    driver: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Open {
    async fn over<S>(stream: S) -> Result<Self, String>
    where
        S: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    {
        let (sender, connection) = handshake(stream).await.map_err(|error| with_cause(&error))?;
        // The request in progress reports why the connection ended.
        let driver = Box::pin(connection.map(drop));
        Ok(Self { sender, driver })
    }

    async fn is_ready(&mut self) -> bool {
        let Self { sender, driver } = self;
        driven(driver, sender.ready()).await.is_ok()
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let Self { sender, driver } = self;
        let answer = async {
            let response = sender.send_request(request).await;
            let response = response.map_err(|error| with_cause(&error))?;
            let status = response.status().as_u16();
            let body = response.into_body().collect().await;
            let body = body.map_err(|error| with_cause(&error))?.to_bytes();
            Ok(Answer { status, body })
        };
        driven(driver, answer).await
    }
}

/// Waits for `work` on a connection while driving the connection.
async fn driven<T>(
    driver: &mut Pin<Box<dyn Future<Output = ()> + Send>>,
    work: impl Future<Output = T>,
) -> T {
    match select(pin!(work), driver).await {
        Either::Left((done, _)) => done,
        Either::Right(((), work)) => work.await,
    }
}

/// A response's status and body.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Client {
    pub(super) fn new(options: &Options) -> Result<Self, BenchError> {
        let url = options.url.trim_end_matches('/');
        let none = || BenchError::Unreachable(format!("`{url}` is no URL"));
        let uri: Uri = url.parse().map_err(|_| none())?;
        Ok(Self {
            connector: Connector::to(&uri)?,
            authority: uri.authority().ok_or_else(none)?.to_string(),
            base: uri.path().trim_end_matches('/').to_owned(),
            uri,
            authorization: options.authorization.clone(),
        })
    }

    /// Returns a connection that its first request opens.
    pub(super) fn connection(&self) -> Connection {
        Connection { client: self.clone(), open: None }
    }

    async fn open(&self) -> Result<Open, String> {
        self.connector.open(self.uri.clone()).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Full<Bytes>>, String> {
        let body = body.map(Value::to_string).unwrap_or_default();
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(header::HOST, &self.authority)
            .header(header::AUTHORIZATION, &self.authorization)
            .header(header::ACCEPT, "application/scim+json, application/json")
            .header(header::CONTENT_TYPE, "application/scim+json")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| with_cause(&error))
    }
}

impl Connection {
    /// Sends a request and reads the whole response.
    ///
    /// # Errors
    /// The reason why there is no response.
    pub(super) async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        let request = self.client.request(method, path, body)?;
        let answer = timeout(RESPONSE_TIMEOUT, self.answer(request)).await;
        let answer = answer.unwrap_or_else(|_| {
            let why = format!("no answer within {RESPONSE_TIMEOUT:?}");
            Err(why)
        });
        answer.map_err(|error| format!("{}: {error}", self.client.uri))
    }

    /// Sends a request. A connection whose request gets no response is not used again.
    async fn answer(&mut self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let mut open = match self.ready().await {
            Some(open) => open,
            None => self.client.open().await?,
        };
        let answer = open.send(request).await?;
        self.open = Some(open);
        Ok(answer)
    }

    async fn ready(&mut self) -> Option<Open> {
        let mut open = self.open.take()?;
        open.is_ready().await.then_some(open)
    }

    /// Creates a resource that the run needs, and returns its id.
    ///
    /// # Errors
    /// [`BenchError`] if the service cannot be reached or refuses.
    pub(super) async fn create(&mut self, path: &str, body: &Value) -> Result<String, BenchError> {
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

fn with_cause(error: &dyn std::error::Error) -> String {
    let why = error.source().map(|why| format!(": {why}"));
    format!("{error}{}", why.unwrap_or_default())
}

/// Returns the cursor of the next page, percent-encoded for a query; `None` after the last page.
pub(super) fn next_cursor(answer: &Answer) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let cursor = body.get("nextCursor")?.as_str()?;
    Some(utf8_percent_encode(cursor, NON_ALPHANUMERIC).to_string())
}

/// Returns the id of the created resource; `None` unless the status is 201.
pub(super) fn id(answer: &Answer) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let id = body.get("id")?.as_str()?;
    (answer.status == 201).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers one request on each connection, and closes it without notice.
    async fn serve_once_each(listener: TcpListener) {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.expect("a request");
            assert!(request[..read].starts_with(b"GET /scim/Users HTTP/1.1\r\n"));
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
            stream.write_all(answer).await.expect("it is sent");
        }
    }

    #[tokio::test]
    async fn a_connection_that_was_closed_is_opened_anew() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(serve_once_each(listener));
        let client = Client::new(&Options {
            url: format!("http://{address}/scim/"),
            authorization: String::new(),
            mix: "get".parse().expect("a mix"),
            connections: 1,
            rate: None,
            duration: Duration::ZERO,
            users: 1,
            known: None,
            seed: 1,
            keep: false,
        });
        let mut connection = client.expect("a URL").connection();
        for _ in 0..3 {
            let answer = connection.send(Method::GET, "/Users", None).await;
            let answer = answer.expect("there is an answer");
            assert_eq!((answer.status, &*answer.body), (200, &b"ok"[..]));
            // Waits until the end of the connection has arrived.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
