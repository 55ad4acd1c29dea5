//! One delivery attempt: a POST request that is signed according to Standard Webhooks
//! (<https://www.standardwebhooks.com>).

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Method, Request, Uri};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use sha2::Sha256;
use tokio::time::timeout;

use super::egress::{Connector, Egress};
use crate::plugin::Webhook;

/// How long a receiver may take to respond.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
/// The prefix of a secret whose key is in base64.
const ENCODED: &str = "whsec_";

/// HTTP clients for all receivers. They follow no redirects, and ignore proxy settings of the
/// environment.
pub(super) struct Sender {
    plain: Client<Connector, Full<Bytes>>,
    /// The HTTPS client, or the reason why this machine has no trusted certificates.
    tls: Result<Client<HttpsConnector<Connector>, Full<Bytes>>, String>,
}

/// The content of a delivery.
pub(super) struct Delivery {
    /// The event's id, equal at every attempt.
    pub(super) id: String,
    /// The time of the attempt in seconds since 1970.
    pub(super) at: u64,
    /// The body as JSON.
    pub(super) body: String,
}

impl Sender {
    pub(super) fn new(egress: Egress) -> Self {
        let client = || Client::builder(TokioExecutor::new());
        let connector = Connector::new(egress);
        let tls = HttpsConnectorBuilder::new().with_native_roots();
        Self {
            plain: client().build(connector.clone()),
            tls: tls
                .map(|tls| tls.https_only().enable_http1().wrap_connector(connector))
                .map(|tls| client().build(tls))
                .map_err(|error| format!("no certificates of this machine can be used: {error}")),
        }
    }

    /// Sends a delivery.
    ///
    /// # Errors
    /// The reason, unless the receiver responds with a 2xx status in time.
    pub(super) async fn send(&self, webhook: &Webhook, delivery: Delivery) -> Result<(), String> {
        let uri: Uri = webhook.url.parse().map_err(|_| "the URL is none")?;
        let is_tls = uri.scheme_str() == Some("https");
        let request = request(webhook, uri, delivery)?;
        let answer = if is_tls {
            self.tls.as_ref().map_err(Clone::clone)?.request(request)
        } else {
            self.plain.request(request)
        };
        let answer = timeout(RESPONSE_TIMEOUT, answer).await;
        let answer = answer.map_err(|_| format!("no answer within {RESPONSE_TIMEOUT:?}"))?;
        let answer = answer.map_err(|error| with_causes(&error))?;
        if answer.status().is_success() {
            return Ok(());
        }
        Err(format!("the answer is {}", answer.status()))
    }
}

fn request(
    webhook: &Webhook,
    uri: Uri,
    delivery: Delivery,
) -> Result<Request<Full<Bytes>>, String> {
    let signature = sign(&webhook.secret, &delivery)?;
    let Delivery { id, at, body } = delivery;
    let request = Request::builder()
        .method(Method::POST)
        .uri(uri)
        .header("content-type", "application/json")
        .header("user-agent", "scimlet")
        .header("webhook-id", id)
        .header("webhook-timestamp", at)
        .header("webhook-signature", signature);
    let request = request.body(Full::new(Bytes::from(body)));
    request.map_err(|error| error.to_string())
}

/// Returns the signature: `v1,` and the base64 HMAC-SHA256 of `ID.TIMESTAMP.BODY`. The key is the
/// base64 text after `whsec_`, or otherwise the bytes of the secret.
fn sign(secret: &str, delivery: &Delivery) -> Result<String, String> {
    let encoded = secret.strip_prefix(ENCODED);
    let decoded = encoded.and_then(|text| BASE64.decode(text.as_bytes()).ok());
    let key = decoded.unwrap_or_else(|| secret.as_bytes().to_vec());
    let hmac = Hmac::<Sha256>::new_from_slice(&key);
    let mut hmac = hmac.map_err(|error| error.to_string())?;
    let Delivery { id, at, body } = delivery;
    hmac.update(format!("{id}.{at}.{body}").as_bytes());
    let digest = BASE64.encode(&hmac.finalize().into_bytes());
    Ok(format!("v1,{digest}"))
}

/// Returns an error with all its causes, of which the last one is the root.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let delivery = Delivery {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
            at: 1_614_265_330,
            body: r#"{"test": 2432232314}"#.to_owned(),
        };
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert_eq!(
            sign(secret, &delivery).unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
