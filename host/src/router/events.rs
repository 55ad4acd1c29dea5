//! `GET /{tenant}/events`: the feed of a tenant for whoever has a credential with the scope
//! `events`, as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>) or by long poll.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::Router;
use super::admission::RequestHead;
use super::handler::sent;
use super::problem::Problem;
use super::streams::Stream;
use super::target::Target;
use crate::feed::{FeedPosition, FollowError, Follower, Line, ParsePositionError, PositionLost};
use crate::plugin::fresh_id;
use crate::store::{Channel, RecordedEvent};

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
        let target = Target {
            tenant: Some(tenant),
            base: parts.uri.path(),
            path: "",
        };
        let head = self.head(&parts, &target).await?;
        if let Some(refusal) = self.admit(&head).await? {
            return sent(refusal);
        }
        let asked = Asked::of(&parts)?;
        let mut reader = self.reader(head, &asked)?;
        if let Some(refusal) = reader.refusal().await? {
            return sent(refusal);
        }
        reader.follower.check().await.map_err(problem)?;
        match asked.wait {
            Some(wait) => reader.poll(wait).await,
            None => Ok(reader.stream()),
        }
    }

    fn reader(self, head: RequestHead, asked: &Asked) -> Result<Reader, Problem> {
        let tenant = &head.origin.tenant;
        let goes_on = asked.wait.is_none_or(|wait| !wait.is_zero());
        let seat = goes_on.then(|| self.streams.open(tenant)).transpose()?;
        Ok(Reader {
            follower: Follower::new(&self.notifier, tenant, head.readable(), asked.after.clone()),
            closing: self.closing.subscribe(),
            checked: Instant::now(),
            spoke: Instant::now(),
            is_over: false,
            router: self,
            head,
            _seat: seat,
        })
    }
}

/// What a client wants to read.
struct Asked {
    after: FeedPosition,
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
            None => place(parts)?,
        };
        let after = after.with_epoch(query(parts, "epoch").map(ToOwned::to_owned));
        let wait = number(parts, "wait")?.unwrap_or(0).min(LONGEST_WAIT);
        Ok(Self {
            after,
            wait: (!streams).then(|| Duration::from_secs(wait)),
        })
    }
}

/// A parameter of the query, as it stands there.
fn query<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    let query = parts.uri.query().unwrap_or_default();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, text)| text)
}

fn place(parts: &Parts) -> Result<FeedPosition, Problem> {
    let wrong = |error| Problem::new(StatusCode::BAD_REQUEST, format!("`after`: {error}"));
    let after = query(parts, "after").map(str::parse).transpose();
    Ok(after
        .map_err(|error: ParsePositionError| wrong(error))?
        .unwrap_or_default())
}

/// 410 for a follower whose place is gone; it says where the feed is now.
fn problem(error: FollowError) -> Problem {
    match &error {
        FollowError::Lost(lost) => Problem::new(StatusCode::GONE, lost.to_string())
            .with_member("epoch", lost.epoch.clone())
            .with_member("newest", lost.newest.clone()),
        FollowError::Store(_) => {
            let incident = fresh_id();
            tracing::error!(%incident, "{error}");
            Problem::incident(incident, true)
        }
    }
}

fn number(parts: &Parts, name: &str) -> Result<Option<u64>, Problem> {
    let Some(text) = query(parts, name) else {
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
    head: RequestHead,
    follower: Follower,
    closing: watch::Receiver<bool>,
    /// When the credential was looked at last.
    checked: Instant,
    /// When something was sent last.
    spoke: Instant,
    /// Whether a stream ends here.
    is_over: bool,
    /// Its place among the streams, if it is one.
    _seat: Option<Stream>,
}

impl Reader {
    /// What to answer a client that may not read on.
    async fn refusal(&self) -> Result<Option<crate::http::Response>, Problem> {
        let answer = self.router.judge(&self.head, Some(SCOPE)).await?;
        Ok(answer.err())
    }

    /// The events that follow, those of the audit left out; or what to answer a client that may not
    /// read them. Events are numbered in the order of their commits: a revocation stands before all
    /// that came after it, so nothing of that is ever sent.
    async fn read(&mut self) -> Result<Result<Vec<RecordedEvent>, crate::http::Response>, Stop> {
        let mut events = self.follower.read().await?;
        if events.iter().any(may_end_access) || self.checked.elapsed() >= RECHECK {
            if let Some(refusal) = self.refusal().await? {
                return Ok(Err(refusal));
            }
            self.checked = Instant::now();
        }
        events.retain(|recorded| recorded.event.channel == Channel::Feed);
        Ok(Ok(events))
    }

    /// All that there is, or the first that comes.
    async fn poll(mut self, wait: Duration) -> Result<Response, Problem> {
        let deadline = Instant::now() + wait;
        loop {
            let place = self.follower.after();
            let events = match self.read().await.map_err(Problem::from)? {
                Ok(events) => events,
                Err(refusal) => return sent(refusal),
            };
            let closing = *self.closing.borrow();
            if !events.is_empty() || closing || Instant::now() >= deadline {
                return self.page(&events).await;
            }
            if self.follower.after() == place {
                drop(timeout_at(deadline, self.pause()).await);
            }
        }
    }

    async fn page(&self, events: &[RecordedEvent]) -> Result<Response, Problem> {
        let lines: Vec<Line> = events.iter().map(Line::from).collect();
        let epoch = self.follower.epoch().await;
        let epoch = epoch.map_err(|refusal| problem(refusal.into()))?.id;
        let page: Value = json!({
            "events": lines, "after": self.follower.after(), "next": self.follower.place(), "epoch": epoch,
        });
        let headers = [(CONTENT_TYPE, "application/json")];
        Ok((headers, page.to_string()).into_response())
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
        ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
    }

    /// The next part of the stream; nothing when it is over.
    async fn chunk(mut self) -> Option<(String, Self)> {
        loop {
            if *self.closing.borrow() || self.is_over {
                return None;
            }
            let place = self.follower.after();
            let events = match self.read().await {
                Err(Stop::Follow(FollowError::Lost(lost))) => {
                    self.is_over = true;
                    return Some((gone(&lost), self));
                }
                events => events.ok()?.ok()?,
            };
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

/// Whether a client that could read before it may not be able to any more. The host's own look from
/// time to time finds what no event tells, such as the end of a lifetime.
fn may_end_access(recorded: &RecordedEvent) -> bool {
    let event = &recorded.event;
    let names = [
        "credential-revoked",
        "credential-rotated",
        "profile-changed",
    ];
    event.channel == Channel::Audit && names.contains(&event.name.as_str())
}

fn message(recorded: &RecordedEvent) -> String {
    let line = Line::from(recorded);
    let (id, name, data) = (&line.id, &line.name, line.json());
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n")
}

/// The last message of a stream whose place is gone. It has no id: the client comes back with the
/// one that it has, and is told again.
fn gone(lost: &PositionLost) -> String {
    let data = json!({
        "detail": lost.to_string(), "newest": lost.newest, "epoch": lost.epoch,
    });
    format!("event: gone\ndata: {data}\n\n")
}

/// Why nothing more is read.
enum Stop {
    Follow(FollowError),
    Problem(Problem),
}

impl From<FollowError> for Stop {
    fn from(error: FollowError) -> Self {
        Self::Follow(error)
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Stop> for Problem {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Follow(error) => problem(error),
            Stop::Problem(problem) => problem,
        }
    }
}
