//! A receiver of webhooks, which answers as a test wants it to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use data_encoding::BASE64;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

/// A time that is longer than any wait of these trials.
const PATIENCE: Duration = Duration::from_secs(40);
/// The key's own bytes.
const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A delivery of an event.
#[derive(Clone, Debug)]
pub struct Received {
    pub id: String,
    timestamp: String,
    signature: String,
    body: String,
    pub event: Value,
    /// The status that it was answered with.
    pub status: u16,
}

impl Received {
    /// The number of its event.
    pub fn number(&self) -> u64 {
        self.event["sequence"].as_u64().unwrap_or_default()
    }

    /// Returns the path of the resource that the event is about.
    pub fn subject(&self) -> &str {
        self.event["subject"].as_str().unwrap_or_default()
    }

    /// Whether it was answered with 200.
    pub fn is_taken(&self) -> bool {
        self.status == 200
    }
}

type Verdict = Box<dyn FnMut(&Value) -> u16 + Send>;

/// A server that receives webhooks until the test ends.
pub struct Receiver {
    pub url: String,
    inbox: Arc<Inbox>,
}

struct Inbox {
    received: Mutex<Vec<Received>>,
    verdict: Mutex<Verdict>,
    news: watch::Sender<()>,
}

impl Receiver {
    /// Answers each event with the status that is said of it.
    pub async fn start(
        verdict: impl FnMut(&Value) -> u16 + Send + 'static,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let inbox = Arc::new(Inbox {
            received: Mutex::default(),
            verdict: Mutex::new(Box::new(verdict)),
            news: watch::Sender::new(()),
        });
        let app = Router::new().fallback(receive).with_state(inbox.clone());
        tokio::spawn(axum::serve(listener, app).into_future());
        Ok(Self { url, inbox })
    }

    /// Answers otherwise from now on.
    pub fn answer(&self, verdict: impl FnMut(&Value) -> u16 + Send + 'static) {
        *self.inbox.verdict.lock().expect("nobody panics with it") = Box::new(verdict);
    }

    /// The section of a profile that sends events here.
    pub fn webhook(&self) -> Value {
        let secret = format!("whsec_{}", BASE64.encode(KEY));
        serde_json::json!({"url": self.url, "secret": secret})
    }

    /// Waits until the deliveries are as wanted; returns all of them.
    pub async fn when(
        &self,
        enough: impl Fn(&[Received]) -> bool,
    ) -> anyhow::Result<Vec<Received>> {
        let mut news = self.inbox.news.subscribe();
        let wait = async {
            loop {
                let received = self.received();
                if enough(&received) {
                    return Ok(received);
                }
                news.changed().await?;
            }
        };
        let outcome = timeout(PATIENCE, wait).await;
        outcome.with_context(|| format!("not enough: {:?}", self.received()))?
    }

    /// Returns all deliveries so far.
    pub fn received(&self) -> Vec<Received> {
        let received = self.inbox.received.lock();
        received.expect("nobody panics with it").clone()
    }
}

async fn receive(
    State(inbox): State<Arc<Inbox>>,
    headers: HeaderMap,
    body: String,
) -> Result<(), StatusCode> {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let event: Value = serde_json::from_str(&body).unwrap_or_default();
    let status = inbox.verdict.lock().expect("nobody panics with it")(&event);
    let received = Received {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body,
        event,
        status,
    };
    let mut all = inbox.received.lock().expect("nobody panics with it");
    all.push(received);
    drop(all);
    inbox.news.send_replace(());
    match StatusCode::from_u16(status) {
        Ok(StatusCode::OK) => Ok(()),
        other => Err(other.unwrap_or(StatusCode::IM_A_TEAPOT)),
    }
}

/// Expects that a delivery was signed with the key, by <https://www.standardwebhooks.com>.
pub fn check_signature(received: &Received) -> anyhow::Result<()> {
    let Received { id, timestamp, body, .. } = received;
    let digest = hmac(format!("{id}.{timestamp}.{body}").as_bytes());
    let expected = format!("v1,{}", BASE64.encode(&digest));
    ensure!(received.signature == expected, "{received:?} is not {expected}");
    Ok(())
}

/// RFC 2104 section 2, with SHA-256, whose blocks have 64 bytes.
fn hmac(text: &[u8]) -> Vec<u8> {
    let padded = |pad: u8| -> Vec<u8> {
        let key = KEY.iter().copied().chain(std::iter::repeat(0)).take(64);
        key.map(|byte| byte ^ pad).collect()
    };
    let inner = Sha256::digest([padded(0x36), text.to_vec()].concat());
    Sha256::digest([padded(0x5c), inner.to_vec()].concat()).to_vec()
}
