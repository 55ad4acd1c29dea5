//! Work that has begun and is finished, whether or not anybody still waits for it.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// Runs where it is awaited, which costs nothing; if it is dropped before its end, it goes on in a
/// task of its own. A panic is an error.
pub(super) struct RunToCompletion<T: Send + 'static>(Option<Work<T>>, watch::Sender<bool>);

type Outcome<T> = Result<T, Box<dyn Any + Send>>;

type Work<T> = Pin<Box<dyn Future<Output = Outcome<T>> + Send>>;

impl<T: Send + 'static> RunToCompletion<T> {
    /// Wraps work that need not be told when nobody waits for it any more.
    pub(super) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self::telling(work, watch::Sender::new(false))
    }

    /// Wraps work that is told: `gone` becomes true if the wrapper is dropped before its end.
    pub(super) fn telling(
        work: impl Future<Output = T> + Send + 'static,
        gone: watch::Sender<bool>,
    ) -> Self {
        Self(Some(Box::pin(AssertUnwindSafe(work).catch_unwind())), gone)
    }
}

impl<T: Send + 'static> Future for RunToCompletion<T> {
    type Output = Outcome<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        let Some(work) = &mut self.0 else {
            return Poll::Pending;
        };
        let outcome = work.as_mut().poll(context);
        if outcome.is_ready() {
            self.0 = None;
        }
        outcome
    }
}

impl<T: Send + 'static> Drop for RunToCompletion<T> {
    fn drop(&mut self) {
        if let (Some(work), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            self.1.send_replace(true);
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn goes_on_when_nobody_waits() {
        let (go, wait) = oneshot::channel::<()>();
        let (done, told) = oneshot::channel();
        let work = async move {
            wait.await.unwrap();
            done.send(()).unwrap();
        };
        let (gone, mut told_gone) = watch::channel(false);
        let mut work = RunToCompletion::telling(work, gone);
        assert!((&mut work).now_or_never().is_none());
        drop(work);
        assert!(*told_gone.borrow_and_update());
        go.send(()).unwrap();
        told.await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        assert!(
            RunToCompletion::new(async { panic!("expected") })
                .await
                .is_err()
        );
        assert_eq!(RunToCompletion::new(async { 7 }).await.ok(), Some(7));
    }
}
