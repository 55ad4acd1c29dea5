//! The end of a server: it stops accepting connections, finishes running requests, and exits.

use std::future::pending;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::sleep;

/// How long requests may continue after the signal.
pub(super) const DRAIN: Duration = Duration::from_secs(10);

/// How long the last write to the audit log may take.
pub(super) const LAST: Duration = Duration::from_secs(1);

/// The time of the signal.
pub(super) type Signalled = Arc<OnceLock<Instant>>;

/// Wraps a signal, to record its time.
pub(super) fn recorded<S: Future<Output = ()>>(
    signal: io::Result<S>,
    signalled: &Signalled,
) -> io::Result<impl Future<Output = ()> + use<S>> {
    let (signal, signalled) = (signal?, Arc::clone(signalled));
    Ok(async move {
        signal.await;
        signalled.get_or_init(Instant::now);
    })
}

/// Returns the rest of [`DRAIN`] since the signal.
pub(super) fn left(signalled: &Signalled) -> Duration {
    let since = signalled.get().map_or(Duration::ZERO, Instant::elapsed);
    DRAIN.saturating_sub(since)
}

/// Completes at the first SIGTERM or SIGINT after this call; the future may be awaited later.
#[cfg(unix)]
pub(super) fn signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ignores SIGHUP from here on, which a terminal sends when it is closed.
#[cfg(unix)]
pub(super) fn ignore_hangup() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    // Once tokio listens for a signal, its default action is off for the rest of the process.
    signal(SignalKind::hangup()).map(drop)
}

/// Does nothing: this system has no SIGHUP.
#[cfg(not(unix))]
pub(super) fn ignore_hangup() -> io::Result<()> {
    Ok(())
}

/// Completes at Ctrl-C.
#[cfg(not(unix))]
pub(super) fn signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    })
}

/// Returns the signal to wait for, and a future that completes when draining takes too long after
/// it.
pub(super) fn bounded(
    signal: impl Future<Output = ()> + Send + 'static,
) -> (impl Future<Output = ()> + Send + 'static, impl Future<Output = ()>) {
    let (sender, receiver) = oneshot::channel();
    let signal = async move {
        signal.await;
        tracing::info!("stopping: finishing the requests that have begun");
        let _ = sender.send(());
    };
    let overdue = async move {
        if receiver.await.is_err() {
            pending::<()>().await;
        }
        sleep(DRAIN).await;
    };
    (signal, overdue)
}
