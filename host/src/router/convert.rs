//! Conversions between axum's requests and responses and those of the WIT (`wit/http.wit`).

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

/// Returns all headers with names in lower case. Bytes of values that are not UTF-8 become
/// replacement characters, so that the guest sees the header and refuses it.
pub(super) fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

/// Returns the query as received, without `?`; empty if there is none.
pub(super) fn query(uri: &Uri) -> String {
    uri.query().unwrap_or_default().to_owned()
}

/// The most bytes of a body without Content-Length.
const ORDINARY: usize = 1 << 20;

/// The limits of a request body.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// The most bytes.
    pub(super) limit: usize,
    /// The longest duration of reading the body.
    pub(super) time: Duration,
    /// The fewest bytes per second on average, after [`BODY_GRACE`].
    pub(super) rate: u32,
}

impl Pace {
    /// Returns the limits for a body with these headers. A body without Content-Length must not
    /// exceed [`ORDINARY`], because its permit is taken before its size is known.
    pub(super) fn of_length(self, headers: &HeaderMap) -> Self {
        let limit = match headers.contains_key(CONTENT_LENGTH) {
            true => self.limit,
            false => self.limit.min(ORDINARY),
        };
        Self { limit, ..self }
    }

    /// Returns the most bytes that may arrive; `None` if there is no body.
    ///
    /// # Errors
    /// 413 if the announced length is so large that the body is not read.
    pub(super) fn announced(
        &self,
        headers: &HeaderMap,
        body: &Body,
    ) -> Result<Option<usize>, Problem> {
        if body.is_end_stream() {
            return Ok(None);
        }
        let length: Option<usize> =
            headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        match length {
            Some(length) if length > discarded(self.limit) => Err(too_large(self.limit)),
            Some(length) => Ok(Some(length.min(self.limit))),
            None => Ok(Some(self.limit)),
        }
    }

    /// Reads the whole body as UTF-8.
    ///
    /// # Errors
    /// 408 if it is too slow, 413 if it is too large, 400 if it cannot be read or is not UTF-8.
    pub(super) async fn read(&self, body: Body) -> Result<String, Problem> {
        let started = Instant::now();
        let bytes = timeout(self.time, self.collect(body, started)).await;
        let bytes = bytes.map_err(|_| too_slow())??;
        let no_text = |_| Problem::new(StatusCode::BAD_REQUEST, "the body is no UTF-8");
        String::from_utf8(bytes).map_err(no_text)
    }

    async fn collect(&self, mut body: Body, started: Instant) -> Result<Vec<u8>, Problem> {
        let (mut collected, mut read) = (Vec::new(), 0);
        let mut frame = async || poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
        while let Some(frame) =
            timeout_at(self.deadline(started, read), frame()).await.map_err(|_| too_slow())?
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
        if read > self.limit { Err(too_large(self.limit)) } else { Ok(collected) }
    }

    /// Returns the time by which more than `read` bytes must have arrived.
    fn deadline(&self, started: Instant, read: usize) -> Instant {
        let read = u32::try_from(read).unwrap_or(u32::MAX);
        let earned = Duration::from_secs_f64(f64::from(read) / f64::from(self.rate.max(1)));
        started + BODY_GRACE + earned
    }
}

/// Returns how many bytes of a body that is too large are read: a client whose connection is closed
/// while it sends does not read the response.
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

/// Converts the guest's response; `None` if its status is not that of a final response.
pub(super) fn response(response: Response) -> Option<axum::response::Response> {
    let status = StatusCode::from_u16(response.status).ok().filter(|code| code.as_u16() >= 200)?;
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
