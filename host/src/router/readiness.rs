//! Whether this host is ready for requests, with warnings for its operator: `GET /readyz`.
//! Answering needs no access to the database, so the endpoint can be public.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use tokio::time::sleep;

use crate::clock::Clock;
use crate::store::Database;

/// How far the clock may be behind the newest event: more than the clocks of several hosts usually
/// differ.
pub const CLOCK_BEHIND: Duration = Duration::from_secs(60);

/// How often the newest event is read.
const LOOK: Duration = Duration::from_secs(30);

/// The readiness of a host.
pub struct Readiness {
    database: Arc<dyn Database>,
    clock: Arc<dyn Clock>,
    /// The time of the newest known event, in milliseconds since 1970.
    newest: AtomicU64,
}

impl Readiness {
    /// Starts without a known event.
    pub(super) fn new(database: Arc<dyn Database>, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock, newest: AtomicU64::new(0) }
    }

    /// Compares the clock with the newest event regularly, and warns once when it is far behind.
    /// Never completes.
    pub async fn keep_looking(&self) {
        let mut warned = false;
        loop {
            self.look().await;
            match self.clock_behind() {
                Some(behind) if !warned => {
                    let seconds = behind.as_secs();
                    tracing::warn!(
                        "the clock is {seconds} seconds behind the newest event: changes get \
                        times right behind that event's until \
                         the clock has passed them; set this host's clock, or find out which one \
                         was ahead"
                    );
                    warned = true;
                }
                None if warned => {
                    tracing::info!("the clock is not behind the newest event any more");
                    warned = false;
                }
                _ => {}
            }
            sleep(LOOK).await;
        }
    }

    async fn look(&self) {
        match self.database.newest_event().await {
            Ok(newest) => self.newest.store(newest.unwrap_or(0), Ordering::Relaxed),
            Err(error) => tracing::debug!("the newest event is not known: {error}"),
        }
    }

    /// Returns how far the clock is behind the newest event, if that is more than [`CLOCK_BEHIND`].
    fn clock_behind(&self) -> Option<Duration> {
        let newest = Duration::from_millis(self.newest.load(Ordering::Relaxed));
        let behind = newest.saturating_sub(self.clock.now());
        (behind > CLOCK_BEHIND).then_some(behind)
    }

    /// Answers `GET /readyz`: 503 if the database is lost or the server is closing, otherwise 200;
    /// with the same members in both cases.
    pub(super) fn answer(&self, closing: bool) -> Response {
        let ready = !closing && !self.database.is_lost();
        let seconds = |time: Option<Duration>| time.map_or(0, |time| time.as_secs().max(1));
        let status = match ready {
            true => StatusCode::OK,
            false => StatusCode::SERVICE_UNAVAILABLE,
        };
        let body = json!({
            "ready": ready,
            "clock-behind-seconds": seconds(self.clock_behind()),
            "checkpoints-failing-seconds": seconds(self.database.checkpoints_failing()),
        });
        let content_type = [(CONTENT_TYPE, "application/json")];
        (status, content_type, body.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::Value;

    use super::*;
    use crate::router::tests::doubles::Tenants;

    struct At(u64);

    impl Clock for At {
        fn now(&self) -> Duration {
            Duration::from_secs(self.0)
        }
    }

    async fn asked(clock: u64, newest: u64, closing: bool) -> (StatusCode, Value) {
        let readiness = Readiness::new(Arc::new(Tenants), Arc::new(At(clock)));
        readiness.newest.store(newest * 1000, Ordering::Relaxed);
        let answer = readiness.answer(closing);
        let status = answer.status();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_clock_may_be_a_minute_behind() {
        for (clock, behind) in [(2000, 0), (1000, 0), (940, 0), (939, 61), (0, 1000)] {
            let (status, body) = asked(clock, 1000, false).await;
            assert_eq!(status, StatusCode::OK);
            assert_eq!(body["ready"], true);
            assert_eq!(body["clock-behind-seconds"], behind, "at {clock}");
            assert_eq!(body["checkpoints-failing-seconds"], 0);
        }
    }

    #[tokio::test]
    async fn a_closing_server_is_not_ready() {
        let (status, body) = asked(0, 0, true).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(body["ready"], false);
    }
}
