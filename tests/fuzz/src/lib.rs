//! The functions that are fuzzed: each takes any bytes and panics if core handles them wrongly. The
//! replay of the corpus in the test command calls the same functions.

mod shelf;

use std::fmt::{Debug, Display};
use std::str::FromStr;

use scimlet_core::filter::{Filter, Path};
use scimlet_core::http::{Request, handle};
use scimlet_core::index;
use scimlet_core::patch::{Patch, operations};
use scimlet_core::predicate;
use scimlet_core::profile::Policy;
use serde_json::{Value, json};

use shelf::Shelf;

/// A filter prints what it parsed, can be bound or not, and evaluated.
pub fn filter(input: &[u8]) {
    let Some(filter) = round_trip::<Filter>(input) else {
        return;
    };
    let policy = Policy::preset("default").expect("there is a default");
    for of in policy.registry.types() {
        if let Ok(predicate) = predicate::bind(&filter, of) {
            let complete = ["userName".to_owned(), "emails.value".to_owned()];
            drop(index::push(&predicate, of, &complete, &index::Nested::new()));
            shelf::user().as_object().map(|user| predicate.holds(user));
        }
    }
}

/// A path prints what it parsed.
pub fn path(input: &[u8]) {
    round_trip::<Path>(input);
}

fn round_trip<T: FromStr + Display + Debug + PartialEq>(input: &[u8]) -> Option<T> {
    let parsed: T = std::str::from_utf8(input).ok()?.parse().ok()?;
    let printed = parsed.to_string();
    let again = printed.parse::<T>().ok();
    assert_eq!(again.as_ref(), Some(&parsed), "{printed}");
    Some(parsed)
}

/// A PATCH of a user and of a group ends, and leaves names that the schema knows.
pub fn patch(input: &[u8]) {
    let body =
        std::str::from_utf8(input).ok().and_then(|text| scimlet_core::json::parse(text).ok());
    let Some(Ok(operations)) = body.map(operations) else {
        return;
    };
    let policy = Policy::preset("default").expect("there is a default");
    for of in policy.registry.types() {
        let content = shelf::user().as_object().cloned().filter(|_| of.name() == "User");
        let mut patch = Patch::new(of, content.unwrap_or_default());
        let done = operations.iter().try_for_each(|operation| patch.apply(operation.clone()));
        let known = |name: &String| of.attribute(name).is_some() || of.extension(name).is_some();
        assert!(done.is_err() || patch.content.keys().all(known), "{:?}", patch.content);
    }
}

/// A request, as a line with method and target, header lines, an empty line and a body: it is
/// answered, and never with 500.
pub fn request(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let (method, target) =
        lines.next().and_then(|line| line.split_once(' ')).unwrap_or(("GET", ""));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.filter_map(|line| line.split_once(": "));
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        body: body.to_owned(),
    };
    let shelf = Shelf::default();
    let response = handle(&shelf.ports(), &shelf::origin(), &request);
    assert!((200..=501).contains(&response.status) && response.status != 500, "{response:?}");
    if response.status >= 400 {
        let error: Value = serde_json::from_str(&response.body).expect("an error is JSON");
        assert_eq!(error["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
    }
}
