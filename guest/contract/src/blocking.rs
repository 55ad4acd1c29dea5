//! The cases over stores whose calls return when they are done, as the imports of WebAssembly do.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::Store;
use async_trait::async_trait;
use scimlet_store::{
    Committed, Direction, Entry, Key, Link, LinkPage, Page, Query, Refusal, Rejection, Write,
};

use crate::{Case, Checked, Stores, sequential_cases};

/// The functions of [`Store`] without waiting.
#[allow(missing_docs, reason = "those of `Store`")]
pub trait BlockingStore: Send + Sync + 'static {
    fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal>;
    fn find(&self, query: Query) -> Result<Page, Refusal>;
    fn links(
        &self,
        anchors: Vec<Key>,
        name: &str,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal>;
    fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal>;
    fn commit(&self, at: u64, actor: &str, writes: Vec<Write>) -> Result<Committed, Rejection>;
}

/// Makes stores without waiting, and removes them.
pub trait BlockingStores: Send + Sync + 'static {
    /// The stores.
    type Store: BlockingStore;

    /// Returns a new, empty store: another tenant of the same storage.
    ///
    /// # Errors
    /// If it cannot be made.
    fn fresh(&self) -> Checked<Self::Store>;
}

/// The cases about numbers for which JSON has no form (RFC 8259 section 6).
pub const NOT_IN_JSON: [&str; 2] =
    ["find::numbers_of_filters_are_finite", "limits::numbers_are_finite"];

/// Returns the names of the cases.
pub fn names() -> Vec<&'static str> {
    sequential_cases().into_iter().map(|(name, _)| name).collect()
}

/// Runs the cases of these names, or all where there are none. Returns a sentence for each rule of
/// the contract that the stores break.
pub fn broken_rules<S: BlockingStores>(make: impl Fn() -> S, only: &[String]) -> Vec<String> {
    let cases = sequential_cases();
    let unknown = |name: &&String| !cases.iter().any(|(case, _)| case == name);
    let unknown = only.iter().filter(unknown).map(|name| format!("there is no case `{name}`"));
    let mut sentences: Vec<String> = unknown.collect();
    let wanted = |(name, _): &&Case| only.is_empty() || only.iter().any(|only| only == name);
    for (name, case) in cases.iter().filter(wanted) {
        let running = case(Arc::new(Awaited(make())));
        if let Err(broken) = finished(running) {
            sentences.push(format!("{}: {broken}", rule(name)));
        }
    }
    sentences
}

/// Returns the rule that a case's name says, in words.
fn rule(name: &str) -> String {
    let (subject, rule) = name.split_once("::").unwrap_or(("", name));
    format!("{subject}: {}", rule.replace('_', " "))
}

/// Returns the outcome of a case that never waits.
fn finished(running: impl Future<Output = Checked>) -> Checked {
    match pin!(running).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => unreachable!("a blocking store never waits"),
    }
}

/// Gives what does not wait the form of what might.
struct Awaited<T>(T);

#[async_trait]
impl<S: BlockingStores> Stores for Awaited<S> {
    async fn fresh(&self) -> Checked<Arc<dyn Store>> {
        Ok(Arc::new(Awaited(self.0.fresh()?)))
    }
}

#[async_trait]
impl<S: BlockingStore> Store for Awaited<S> {
    async fn get(&self, keys: Vec<Key>) -> Result<Vec<Option<Entry>>, Refusal> {
        self.0.get(keys)
    }

    async fn find(&self, query: Query) -> Result<Page, Refusal> {
        self.0.find(query)
    }

    async fn links(
        &self,
        anchors: Vec<Key>,
        name: String,
        direction: Direction,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<LinkPage>, Refusal> {
        self.0.links(anchors, &name, direction, after, limit)
    }

    async fn has(&self, links: Vec<Link>) -> Result<Vec<bool>, Refusal> {
        self.0.has(links)
    }

    async fn commit(
        &self,
        at: u64,
        actor: String,
        writes: Vec<Write>,
    ) -> Result<Committed, Rejection> {
        self.0.commit(at, &actor, writes)
    }
}
