//! Many users and groups, written past the service.

use anyhow::Context;
use scimlet::store::{Draft, Key, Link, Scalar, Store, Term, Write};
use serde_json::json;

/// Changes of one commit.
const TOGETHER: usize = 10_000;

/// The key of the user of this number.
#[must_use]
pub fn user(number: usize) -> Key {
    key("User", format!("u{number}"))
}

/// The key of the group of this number.
#[must_use]
pub fn group(number: usize) -> Key {
    key("Group", format!("g{number}"))
}

fn key(kind: &str, id: String) -> Key {
    Key { kind: kind.to_owned(), id }
}

/// The link that makes the target a member of the source.
#[must_use]
pub fn member(source: Key, target: Key) -> Link {
    Link { source, name: "members".to_owned(), target }
}

/// Creates so many users.
///
/// # Errors
/// If the store refuses anything.
pub async fn users(store: &dyn Store, count: usize) -> anyhow::Result<()> {
    let insert = |number: usize| {
        let name = format!("user {number}");
        entry(user(number), json!({"userName": name, "displayName": name}))
    };
    commit(store, (0..count).map(insert)).await
}

/// Creates so many groups.
///
/// # Errors
/// If the store refuses anything.
pub async fn groups(store: &dyn Store, count: usize) -> anyhow::Result<()> {
    let insert = |number: usize| entry(group(number), json!({"displayName": name(number)}));
    commit(store, (0..count).map(insert)).await
}

/// Returns the displayName of the group of this number. Names are not in the order of creation.
fn name(number: usize) -> String {
    format!("group {}", number.wrapping_mul(7919) % 10_007)
}

/// Returns the write that inserts an entry with its displayName as the only index term.
#[must_use]
pub fn entry(key: Key, body: serde_json::Value) -> Write {
    let term = body["displayName"].as_str().map(|name| Term {
        path: "displayName".to_owned(),
        value: Scalar::Text(name.to_owned()),
        unique: false,
    });
    Write::Insert(Draft { key, body: body.to_string(), terms: term.into_iter().collect() })
}

/// Adds members to groups.
///
/// # Errors
/// If the store refuses anything.
pub async fn link(store: &dyn Store, links: impl IntoIterator<Item = Link>) -> anyhow::Result<()> {
    let links: Vec<Link> = links.into_iter().collect();
    for links in links.chunks(TOGETHER) {
        commit(store, [Write::Link(links.to_vec())]).await?;
    }
    Ok(())
}

/// Commits writes, many in one commit.
///
/// # Errors
/// If the store refuses anything.
pub async fn commit(
    store: &dyn Store,
    writes: impl IntoIterator<Item = Write>,
) -> anyhow::Result<()> {
    let writes: Vec<Write> = writes.into_iter().collect();
    for writes in writes.chunks(TOGETHER) {
        let done = store.commit(1, "test".to_owned(), writes.to_vec()).await;
        done.ok().context("refused")?;
    }
    Ok(())
}

/// Creates so many groups with so many members each, of users of whom there are forty more than
/// that.
///
/// # Errors
/// If the store refuses anything.
pub async fn fill(store: &dyn Store, count: usize, members: usize) -> anyhow::Result<()> {
    let people = members + 40;
    users(store, people).await?;
    groups(store, count).await?;
    for number in 0..count {
        let target = |place| user((number + place) % people);
        let links = (0..members).map(|place| member(group(number), target(place)));
        link(store, links).await?;
    }
    Ok(())
}
