//! Between axum's requests and responses and the contract's (`wit/http.wit`).

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use tokio::time::{Instant, timeout, timeout_at};

use super::BODY_GRACE;
use super::problem::Problem;
use crate::http::Response;

/// Names in lower case. Values that are no UTF-8 are passed with replacement characters, so that
/// the guest sees that the header is there and refuses it.
pub(super) fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

/// The query without `?`, as received.
pub(super) fn query(uri: &Uri) -> String {
    uri.query().unwrap_or_default().to_owned()
}

/// Bytes of a body that need not announce its length.
const ORDINARY: usize = 1 << 20;

/// How a body has to arrive.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// Bytes at the most.
    pub(super) limit: usize,
    /// How long it may take.
    pub(super) time: Duration,
    /// Bytes a second at least, when [`BODY_GRACE`] is over.
    pub(super) rate: u32,
}

impl Pace {
    /// This pace for a body that announces its length; one that does not is held to the length of
    /// an ordinary one, since room is taken for it before it is known how much comes.
    pub(super) fn of_length(self, headers: &HeaderMap) -> Self {
        let limit = match headers.contains_key(CONTENT_LENGTH) {
            true => self.limit,
            false => self.limit.min(ORDINARY),
        };
        Self { limit, ..self }
    }

    /// How many bytes may come, `None` for none at all. One that announces far too much is not
    /// read.
    pub(super) fn announced(
        &self,
        headers: &HeaderMap,
        body: &Body,
    ) -> Result<Option<usize>, Problem> {
        if body.is_end_stream() {
            return Ok(None);
        }
        let length: Option<usize> = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse().ok());
        match length {
            Some(length) if length > discarded(self.limit) => Err(too_large(self.limit)),
            Some(length) => Ok(Some(length.min(self.limit))),
            None => Ok(Some(self.limit)),
        }
    }

    /// The whole body, or why not: the contract has it a string.
    pub(super) async fn read(&self, body: Body) -> Result<String, Problem> {
        let begun = Instant::now();
        let bytes = timeout(self.time, self.collect(body, begun)).await;
        let bytes = bytes.map_err(|_| too_slow())??;
        let no_text = |_| Problem::new(StatusCode::BAD_REQUEST, "the body is no UTF-8");
        String::from_utf8(bytes).map_err(no_text)
    }

    async fn collect(&self, mut body: Body, begun: Instant) -> Result<Vec<u8>, Problem> {
        let (mut collected, mut read) = (Vec::new(), 0);
        let mut frame = async || poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        while let Some(frame) = timeout_at(self.deadline(begun, read), frame())
            .await
            .map_err(|_| too_slow())?
        {
            let broken = |_| Problem::new(StatusCode::BAD_REQUEST, "the body could not be read");
            let Ok(data) = frame.map_err(broken)?.into_data() else {
                continue;
            };
            read += data.len();
            if read > discarded(self.limit) {
                break;
            }
            if read <= self.limit {
                collected.extend_from_slice(&data);
            }
        }
        if read > self.limit {
            Err(too_large(self.limit))
        } else {
            Ok(collected)
        }
    }

    /// When more has to have come than these bytes.
    fn deadline(&self, begun: Instant, read: usize) -> Instant {
        let read = u32::try_from(read).unwrap_or(u32::MAX);
        let paid = Duration::from_secs_f64(f64::from(read) / f64::from(self.rate.max(1)));
        begun + BODY_GRACE + paid
    }
}

/// How much of a body that is too large is read and thrown away: a client that is cut off while it
/// sends does not read the answer.
fn discarded(limit: usize) -> usize {
    limit.saturating_add(8 * ORDINARY.min(limit))
}

fn too_slow() -> Problem {
    let detail = "the body took too long to arrive";
    Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("the body is larger than {limit} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

/// The guest's answer for axum; `None` if its status is none of a final response.
pub(super) fn response(response: Response) -> Option<axum::response::Response> {
    let status = StatusCode::from_u16(response.status)
        .ok()
        .filter(|code| code.as_u16() >= 200)?;
    let mut answer = axum::response::Response::new(Body::from(response.body));
    *answer.status_mut() = status;
    for (name, value) in response.headers {
        match (HeaderName::try_from(&name), HeaderValue::try_from(&value)) {
            (Ok(name), Ok(value)) => drop(answer.headers_mut().append(name, value)),
            _ => tracing::warn!(name, "the component gave a header that HTTP does not allow"),
        }
    }
    Some(answer)
}
