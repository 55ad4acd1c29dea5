//! `GET /{tenant}/events`: the feed of a tenant for whoever has a credential with the scope `events`, as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>) or by long poll.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::problem::Problem;
use super::target::Target;
use super::{Router, exchange};
use crate::Vacant;
use crate::feed::{Follower, Line};
use crate::http::Origin;
use crate::plugin::fresh_id;
use crate::store::{Channel, RecordedEvent, Store};

/// What a credential needs.
const SCOPE: &str = "events";
/// How long a client may wait for an answer with events, in seconds.
const LONGEST_WAIT: u64 = 60;
/// How often the credential of a client that follows is looked at again.
const RECHECK: Duration = Duration::from_secs(2);
/// How long a stream is silent at most: proxies close one that is.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

impl Router {
    /// Answers below the feed's own path.
    pub(super) async fn events(self, tenant: &str, request: Request) -> Result<Response, Problem> {
        if request.method() != Method::GET {
            let detail = "this endpoint knows GET alone";
            let mut answer = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
            let headers = answer.headers_mut();
            headers.insert(ALLOW, HeaderValue::from_static("GET"));
            return Ok(answer);
        }
        let (parts, _) = request.into_parts();
        let asked = Asked::of(&parts)?;
        let reader = self.reader(tenant, &parts, asked.after).await?;
        if let Some(refusal) = reader.refusal().await? {
            let address = reader.origin.client_address.as_deref();
            let throttle = &reader.router.throttle;
            let refusal = throttle.slow_down(address, refusal, Instant::now().into_std())?;
            return exchange::response(refusal).ok_or_else(failed);
        }
        match asked.wait {
            Some(wait) => reader.poll(wait).await,
            None => Ok(reader.stream()),
        }
    }

    async fn reader(self, tenant: &str, parts: &Parts, after: u64) -> Result<Reader, Problem> {
        let target = Target {
            tenant: Some(tenant),
            base: parts.uri.path(),
            path: "",
        };
        let origin = Origin {
            tenant: tenant.to_owned(),
            ..self.origin(parts, &target)
        };
        let store = self.find(tenant).await?;
        let read = store.clone().unwrap_or_else(|| Arc::new(Vacant));
        Ok(Reader {
            follower: Follower::new(&self.bell, tenant, read, after),
            closing: self.closing.subscribe(),
            headers: exchange::headers(&parts.headers),
            checked: Instant::now(),
            spoke: Instant::now(),
            router: self,
            origin,
            store,
        })
    }
}

/// What a client wants to read.
struct Asked {
    after: u64,
    /// `None` for a stream.
    wait: Option<Duration>,
}

impl Asked {
    fn of(parts: &Parts) -> Result<Self, Problem> {
        let accept = parts.headers.get(ACCEPT).and_then(|v| v.to_str().ok());
        let streams = accept.is_some_and(|accept| accept.contains("text/event-stream"));
        // A browser that connects again asks for the same URL.
        let last = parts.headers.get("last-event-id");
        let last = last.and_then(|value| value.to_str().ok()?.parse().ok());
        let after = match last.filter(|_| streams) {
            Some(last) => last,
            None => number(parts, "after")?.unwrap_or(0),
        };
        let wait = number(parts, "wait")?.unwrap_or(0).min(LONGEST_WAIT);
        Ok(Self {
            after,
            wait: (!streams).then(|| Duration::from_secs(wait)),
        })
    }
}

fn number(parts: &Parts, name: &str) -> Result<Option<u64>, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, text)) = pairs.find(|(key, _)| *key == name) else {
        return Ok(None);
    };
    let wrong = |_| {
        let detail = format!("`{name}` must be a number");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    };
    text.parse().map(Some).map_err(wrong)
}

/// A client at its place in the feed.
struct Reader {
    router: Router,
    origin: Origin,
    headers: Vec<(String, String)>,
    /// `None` if there is no such tenant.
    store: Option<Arc<dyn Store>>,
    follower: Follower,
    closing: watch::Receiver<bool>,
    /// When the credential was looked at last.
    checked: Instant,
    /// When something was sent last.
    spoke: Instant,
}

impl Reader {
    /// What to answer a client that may not read on.
    async fn refusal(&self) -> Result<Option<crate::http::Response>, Problem> {
        let Router {
            provider, audit, ..
        } = &self.router;
        let store = self.store.clone().unwrap_or_else(|| Arc::new(Vacant));
        let answer = provider
            .authorize(store, self.origin.clone(), &self.headers, SCOPE)
            .await;
        let outcome = answer.as_ref().map(|answer| match answer {
            Ok(_) => 200,
            Err(refusal) => refusal.status,
        });
        if let Some(store) = &self.store {
            audit.observe(&self.origin.tenant, &**store, outcome).await;
        }
        Ok(answer?.err())
    }

    /// The events that follow, those of the audit left out.
    async fn read(&mut self) -> Result<Vec<RecordedEvent>, Problem> {
        let mut events = self.follower.read().await.map_err(|refusal| {
            let incident = fresh_id();
            tracing::error!(%incident, "the events cannot be read: {refusal:?}");
            Problem::incident(incident, true)
        })?;
        events.retain(|recorded| recorded.event.channel == Channel::Feed);
        Ok(events)
    }

    /// All that there is, or the first that comes.
    async fn poll(mut self, wait: Duration) -> Result<Response, Problem> {
        let deadline = Instant::now() + wait;
        loop {
            let place = self.follower.after();
            let events = self.read().await?;
            let closing = *self.closing.borrow();
            if !events.is_empty() || closing || Instant::now() >= deadline {
                if !wait.is_zero()
                    && let Some(refusal) = self.refusal().await?
                {
                    return exchange::response(refusal).ok_or_else(failed);
                }
                return Ok(page(&events, self.follower.after()));
            }
            if self.follower.after() == place {
                drop(timeout_at(deadline, self.pause()).await);
            }
        }
    }

    /// Until there may be more, or the server stops.
    async fn pause(&mut self) {
        tokio::select! {
            () = self.follower.wait() => {}
            _ = self.closing.changed() => {}
        }
    }

    fn stream(self) -> Response {
        // Says at once that it has begun, and when to come back.
        let begun = stream::once(async { Ok("retry: 1000\n\n".to_owned()) });
        let chunks = stream::unfold(self, |reader| async {
            let (chunk, reader) = reader.chunk().await?;
            Some((Ok::<_, Infallible>(chunk), reader))
        });
        let body = Body::from_stream(stream::StreamExt::chain(begun, chunks));
        let headers = [
            (CONTENT_TYPE, "text/event-stream"),
            (CACHE_CONTROL, "no-store"),
        ];
        (headers, body).into_response()
    }

    /// The next part of the stream; nothing when it is over.
    async fn chunk(mut self) -> Option<(String, Self)> {
        loop {
            if *self.closing.borrow() {
                return None;
            }
            if self.checked.elapsed() >= RECHECK {
                if !matches!(self.refusal().await, Ok(None)) {
                    return None;
                }
                self.checked = Instant::now();
            }
            let place = self.follower.after();
            let events = self.read().await.ok()?;
            let mut text: String = events.iter().map(message).collect();
            if text.is_empty() && self.spoke.elapsed() >= KEEP_ALIVE {
                text = ": nothing new\n\n".to_owned();
            }
            if !text.is_empty() {
                self.spoke = Instant::now();
                return Some((text, self));
            }
            if self.follower.after() == place {
                self.pause().await;
            }
        }
    }
}

fn message(recorded: &RecordedEvent) -> String {
    let line = Line::from(recorded);
    let (id, name, data) = (line.sequence, &line.name, line.json());
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n")
}

fn page(events: &[RecordedEvent], after: u64) -> Response {
    let lines: Vec<Line> = events.iter().map(Line::from).collect();
    let page: Value = json!({ "events": lines, "after": after });
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, page.to_string()).into_response()
}

fn failed() -> Problem {
    Problem::incident(fresh_id(), false)
}
