//! The end of a server: it stops accepting, finishes what it has begun, and leaves.

use std::future::pending;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::sleep;

/// How long requests may take to end after the signal.
pub(super) const DRAIN: Duration = Duration::from_secs(10);

/// How long the last entry of the audit may take.
pub(super) const LAST: Duration = Duration::from_secs(1);

/// When the signal came.
pub(super) type Signalled = Arc<OnceLock<Instant>>;

/// The signal, of which the time is noted.
pub(super) fn noted<S: Future<Output = ()>>(
    signal: io::Result<S>,
    signalled: &Signalled,
) -> io::Result<impl Future<Output = ()> + use<S>> {
    let (signal, signalled) = (signal?, Arc::clone(signalled));
    Ok(async move {
        signal.await;
        signalled.get_or_init(Instant::now);
    })
}

/// What is left of [`DRAIN`] since the signal.
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

/// From here on SIGHUP, which a terminal sends when it is closed, does nothing.
#[cfg(unix)]
pub(super) fn ignore_hangup() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    // Once tokio listens for a signal, the default action is off for the rest of the process.
    signal(SignalKind::hangup()).map(drop)
}

/// There is no SIGHUP here.
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

/// A signal to hand on, and a future that ends when draining has taken too long after it.
pub(super) fn bounded(
    signal: impl Future<Output = ()> + Send + 'static,
) -> (
    impl Future<Output = ()> + Send + 'static,
    impl Future<Output = ()>,
) {
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
