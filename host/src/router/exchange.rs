//! Between axum's requests and responses and the contract's (`wit/http.wit`).

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::RouterOptions;
use super::problem::Problem;
use crate::http::Response;

/// Names in lower case. Values that are no UTF-8 are passed with replacement characters, so that the guest
/// sees that the header is there and refuses it.
pub(super) fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

/// `http://` and what the client called this server.
pub(super) fn own_url(parts: &Parts) -> String {
    let header = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = header.or(parts.uri.authority().map(|authority| authority.as_str()));
    format!("http://{}", host.unwrap_or("localhost"))
}

/// The query without `?`, as received.
pub(super) fn query(uri: &Uri) -> String {
    uri.query().unwrap_or_default().to_owned()
}

/// Bytes of an ordinary body. Of larger ones a bounded number is held.
const ORDINARY: usize = 1 << 20;

/// The whole body, or why not: the contract has it a string. One that announces far too much is not read at all. A large one comes
/// with its permit, which is to be held until the request is answered.
pub(super) async fn body(
    headers: &HeaderMap,
    body: Body,
    options: &RouterOptions,
    large: &Arc<Semaphore>,
) -> Result<(String, Option<OwnedSemaphorePermit>), Problem> {
    let (limit, time) = (options.body, options.body_time);
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > discarded(limit) as u64) {
        return Err(too_large(limit));
    }
    let late = |_| {
        Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "the body took too long to arrive",
        )
    };
    let collected = timeout(time, collect(body, limit, large)).await;
    let (bytes, permit) = collected.map_err(late)??;
    let no_text = |_| Problem::new(StatusCode::BAD_REQUEST, "the body is no UTF-8");
    Ok((String::from_utf8(bytes).map_err(no_text)?, permit))
}

/// How much of a body that is too large is read and thrown away: a client that is cut off while it sends does not read the answer.
fn discarded(limit: usize) -> usize {
    limit.saturating_add(8 * ORDINARY.min(limit))
}

async fn collect(
    mut body: Body,
    limit: usize,
    large: &Arc<Semaphore>,
) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Problem> {
    let (mut collected, mut read) = (Vec::new(), 0);
    let mut permit = None;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let broken = |_| Problem::new(StatusCode::BAD_REQUEST, "the body could not be read");
        let Ok(data) = frame.map_err(broken)?.into_data() else {
            continue;
        };
        read += data.len();
        if read > discarded(limit) {
            break;
        }
        if read > ORDINARY && permit.is_none() {
            // A semaphore that is never closed always has one in the end.
            permit = Arc::clone(large).acquire_owned().await.ok();
        }
        if read <= limit {
            collected.extend_from_slice(&data);
        }
    }
    if read > limit {
        Err(too_large(limit))
    } else {
        Ok((collected, permit))
    }
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
