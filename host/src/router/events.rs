//! `GET /{tenant}/events`: a tenant's event feed for clients whose credential has the scope
//! `events`, as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>) or by long polling.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::Router;
use super::admission::RequestHead;
use super::handler::sent;
use super::problem::Problem;
use super::streams::Stream;
use super::target::Target;
use crate::escape;
use crate::feed::{FeedPosition, FollowError, Follower, Line, ParsePositionError, PositionLost};
use crate::plugin::fresh_id;
use crate::store::{Channel, RecordedEvent};

/// The scope that a credential needs.
const SCOPE: &str = "events";
/// The longest wait of a long poll in seconds.
const LONGEST_WAIT: u64 = 60;
/// How often the credential of an open stream is checked again.
const RECHECK: Duration = Duration::from_secs(2);
/// The longest silence of a stream: proxies close silent connections.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a client whose stream has ended waits before it connects again.
const RETRY: Duration = Duration::from_secs(1);

impl Router {
    /// Answers a request for the feed of `tenant`.
    pub(super) async fn events(self, tenant: &str, request: Request) -> Result<Response, Problem> {
        if request.method() != Method::GET {
            let detail = "this endpoint supports only GET";
            let mut answer = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
            let headers = answer.headers_mut();
            headers.insert(ALLOW, HeaderValue::from_static("GET"));
            return Ok(answer);
        }
        let (parts, _) = request.into_parts();
        let target = Target { tenant: Some(tenant), base: parts.uri.path(), path: "" };
        let head = self.head(&parts, &target).await?;
        if let Some(refusal) = self.admit(&head).await? {
            return sent(refusal);
        }
        let asked = FeedQuery::of(&parts)?;
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

    fn reader(self, head: RequestHead, asked: &FeedQuery) -> Result<Reader, Problem> {
        let tenant = &head.origin.tenant;
        let goes_on = asked.wait.is_none_or(|wait| !wait.is_zero());
        let stream = goes_on.then(|| self.streams.open(tenant)).transpose()?;
        Ok(Reader {
            follower: Follower::new(&self.notifier, tenant, head.readable(), asked.after.clone()),
            closing: self.closing.subscribe(),
            checked: Instant::now(),
            is_over: false,
            router: self,
            head,
            _stream: stream,
        })
    }
}

/// The position and mode that a client requests.
struct FeedQuery {
    after: FeedPosition,
    /// The wait of a long poll; `None` for a stream.
    wait: Option<Duration>,
}

impl FeedQuery {
    fn of(parts: &Parts) -> Result<Self, Problem> {
        let accept = parts.headers.get(ACCEPT).and_then(|v| v.to_str().ok());
        let streams = accept.is_some_and(|accept| accept.contains("text/event-stream"));
        // A browser that reconnects repeats the URL, but adds the id of the last event.
        let last = parts.headers.get("last-event-id");
        let last = last.and_then(|value| value.to_str().ok()?.parse().ok());
        let after = match last.filter(|_| streams) {
            Some(last) => last,
            None => position(parts)?,
        };
        let after = after.with_epoch(query(parts, "epoch").map(ToOwned::to_owned));
        let wait = number(parts, "wait")?.unwrap_or(0).min(LONGEST_WAIT);
        Ok(Self { after, wait: (!streams).then(|| Duration::from_secs(wait)) })
    }
}

/// Returns a parameter of the query, undecoded.
fn query<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    let query = parts.uri.query().unwrap_or_default();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, text)| text)
}

fn position(parts: &Parts) -> Result<FeedPosition, Problem> {
    let wrong = |error| Problem::new(StatusCode::BAD_REQUEST, format!("`after`: {error}"));
    let after = query(parts, "after").map(str::parse).transpose();
    Ok(after.map_err(|error: ParsePositionError| wrong(error))?.unwrap_or_default())
}

/// 410 with the current end of the feed if the position is lost; otherwise an incident.
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

/// A client's position in the feed.
struct Reader {
    router: Router,
    head: RequestHead,
    follower: Follower,
    closing: watch::Receiver<bool>,
    /// When the credential was last checked.
    checked: Instant,
    /// Whether the stream has ended.
    is_over: bool,
    /// The permit of a stream or long poll.
    _stream: Option<Stream>,
}

impl Reader {
    /// Returns the response for a client that may no longer read the feed; `None` if it may.
    async fn refusal(&self) -> Result<Option<crate::http::Response>, Problem> {
        let answer = self.router.judge(&self.head, Some(SCOPE)).await?;
        Ok(answer.err())
    }

    /// Reads the next events of the feed, without those of the audit log, or the response for a
    /// client that may not read them. Events are numbered in commit order: a revocation comes
    /// before all later events, so none of those is sent.
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

    /// Returns the events there are, or waits for the next ones.
    async fn poll(mut self, wait: Duration) -> Result<Response, Problem> {
        let deadline = Instant::now() + wait;
        loop {
            let position = self.follower.after();
            let events = match self.read().await.map_err(Problem::from)? {
                Ok(events) => events,
                Err(refusal) => return sent(refusal),
            };
            let closing = *self.closing.borrow();
            if !events.is_empty() || closing || Instant::now() >= deadline {
                return self.page(&events).await;
            }
            if self.follower.after() == position {
                drop(timeout_at(deadline, self.pause()).await);
            }
        }
    }

    async fn page(&self, events: &[RecordedEvent]) -> Result<Response, Problem> {
        let lines: Vec<Line> = events.iter().map(Line::from).collect();
        let epoch = self.follower.epoch().await;
        let epoch = epoch.map_err(|refusal| problem(refusal.into()))?.id;
        let page: Value = json!({
            "events": lines,
            "after": self.follower.after(),
            "next": self.follower.place(),
            "epoch": epoch,
        });
        let headers = [(CONTENT_TYPE, "application/json")];
        Ok((headers, page.to_string()).into_response())
    }

    /// Waits until there may be more events, or the server stops.
    async fn pause(&mut self) {
        tokio::select! {
            () = self.follower.wait() => {}
            _ = self.closing.changed() => {}
        }
    }

    fn stream(self) -> Response {
        // Tells the client at once that the stream has begun.
        let begun = stream::iter([Event::default().retry(RETRY)]);
        let events = stream::unfold(self, Self::next_events).flat_map(stream::iter);
        let events = begun.chain(events).map(Ok::<_, Infallible>);
        let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("nothing new");
        Sse::new(events).keep_alive(keep_alive).into_response()
    }

    /// Returns the next events of the stream; `None` when it is over.
    async fn next_events(mut self) -> Option<(Vec<Event>, Self)> {
        loop {
            if *self.closing.borrow() || self.is_over {
                return None;
            }
            let position = self.follower.after();
            let events = match self.read().await {
                Err(Stop::Follow(FollowError::Lost(lost))) => {
                    self.is_over = true;
                    return Some((vec![gone(&lost)], self));
                }
                events => events.ok()?.ok()?,
            };
            if !events.is_empty() {
                return Some((events.iter().map(message).collect(), self));
            }
            if self.follower.after() == position {
                self.pause().await;
            }
        }
    }
}

/// Whether this event may have ended a client's access. The regular check finds what no event
/// records, such as an expired lifetime.
fn may_end_access(recorded: &RecordedEvent) -> bool {
    let event = &recorded.event;
    let names = ["credential-revoked", "credential-rotated", "profile-changed"];
    event.channel == Channel::Audit && names.contains(&event.name.as_str())
}

fn message(recorded: &RecordedEvent) -> Event {
    let line = Line::from(recorded);
    // A line break would end the field, and begin another one.
    let name = escape::line(&line.name);
    Event::default().id(&line.id).event(name).data(line.json())
}

/// The last message of a stream whose position is lost. It has no id: a client that reconnects with
/// its old position is told again.
fn gone(lost: &PositionLost) -> Event {
    let data = json!({
        "detail": lost.to_string(), "newest": lost.newest, "epoch": lost.epoch,
    });
    Event::default().event("gone").data(data.to_string())
}

/// Why reading stopped.
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

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;
    use crate::store;

    async fn sent(event: Event) -> String {
        let stream = stream::iter([Ok::<_, Infallible>(event)]);
        let body = Sse::new(stream).into_response().into_body();
        String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn no_name_begins_another_field() {
        let recorded = |name: &str| RecordedEvent {
            sequence: 7,
            at: 0,
            actor: "admin".to_owned(),
            event: store::Event {
                channel: Channel::Feed,
                name: name.to_owned(),
                subject: None,
                body: "{}".to_owned(),
            },
            body_digest: [1; 32],
            digest: [1; 32],
        };
        let plain = recorded("revoke-sessions");
        let line = Line::from(&plain);
        let (id, data) = (&line.id, line.json());
        let expected = format!("id: {id}\nevent: revoke-sessions\ndata: {data}\n\n");
        assert_eq!(sent(message(&plain)).await, expected);
        for broken in ["a\nid: 9", "a\r\rid: 9", "a\n\ndata: x"] {
            let text = sent(message(&recorded(broken))).await;
            let fields: Vec<_> = text.trim_end().split(['\n', '\r']).collect();
            assert_eq!(fields.len(), 3, "{text:?}");
        }
    }
}
