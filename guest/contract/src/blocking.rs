//! The cases over stores whose calls return when they are done, as the imports of WebAssembly do.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::{Checked, Stores, sequential_cases};

/// The cases about numbers for which JSON has no form (RFC 8259 section 6).
pub const NOT_IN_JSON: [&str; 2] =
    ["find::numbers_of_filters_are_finite", "limits::numbers_are_finite"];

/// Returns the names of the cases.
pub fn names() -> Vec<&'static str> {
    sequential_cases().into_iter().map(|(name, _)| name).collect()
}

/// Runs the cases of these names, or all where there are none, each over what `make` returns. The
/// stores' functions have to be ready when they are first polled. Returns a sentence for each rule
/// of the contract that the stores break.
pub fn broken_rules<S: Stores>(make: impl Fn() -> S, only: &[String]) -> Vec<String> {
    let cases = sequential_cases();
    let unknown = |name: &&String| !cases.iter().any(|(case, _)| case == name);
    let unknown = only.iter().filter(unknown).map(|name| format!("there is no case `{name}`"));
    let mut sentences: Vec<String> = unknown.collect();
    let wanted = |(name, _): &&(&str, _)| only.is_empty() || only.iter().any(|only| only == name);
    for (name, case) in cases.iter().filter(wanted) {
        if let Err(broken) = finished(case(Arc::new(make()))) {
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
        Poll::Pending => unreachable!("the stores never wait"),
    }
}
