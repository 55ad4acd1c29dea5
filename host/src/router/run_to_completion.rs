//! Work that runs to completion even if its caller is dropped.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// A future that runs where it is awaited, at no cost; if it is dropped before its end, it
/// continues in a task of its own. A panic becomes an error.
pub(super) struct RunToCompletion<T: Send + 'static>(Option<Work<T>>, watch::Sender<bool>);

type Outcome<T> = Result<T, Box<dyn Any + Send>>;

type Work<T> = Pin<Box<dyn Future<Output = Outcome<T>> + Send>>;

impl<T: Send + 'static> RunToCompletion<T> {
    /// Wraps work that needs no signal when its caller is gone.
    pub(super) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self::with_signal(work, watch::Sender::new(false))
    }

    /// Wraps work, and sets `gone` to true if the wrapper is dropped before its end.
    pub(super) fn with_signal(
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
        let mut work = RunToCompletion::with_signal(work, gone);
        assert!((&mut work).now_or_never().is_none());
        drop(work);
        assert!(*told_gone.borrow_and_update());
        go.send(()).unwrap();
        told.await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        assert!(RunToCompletion::new(async { panic!("expected") }).await.is_err());
        assert_eq!(RunToCompletion::new(async { 7 }).await.ok(), Some(7));
    }
}
