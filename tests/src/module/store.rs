//! The interface `store` in JSON, over a host's store: the forms of `wit/module.md`, written by
//! hand, as an embedder in another language does.

use std::sync::Arc;

use anyhow::{Context, bail};
use scimlet::store::{
    Adjustment, Channel, Comparison, Direction, Draft, Entry, Event, Expectation, Hit, Key, Link,
    LinkPage, LinkSet, Node, Operator, Order, Page, Query, Refusal, Relation, Removal, Replacement,
    Scalar, Store, Term, Window, Write,
};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::Import;

/// Answers calls from a store, on a thread that may block.
#[must_use]
pub fn over(store: Arc<dyn Store>, runtime: Handle) -> Import {
    Box::new(move |text| Ok(runtime.block_on(answer(&*store, text))?.to_string().into_bytes()))
}

/// Answers a call of the module.
///
/// # Errors
/// If it is not one of `wit/store.wit`.
pub async fn answer(store: &dyn Store, text: &[u8]) -> anyhow::Result<Value> {
    let call: Value = serde_json::from_slice(text)?;
    let given = &call["arguments"];
    let result = match text_of(&call["call"])?.as_str() {
        "journal.write" => return Ok(json!({"return": null})),
        "store.get" => {
            let found = store.get(list(&given["keys"], key)?).await;
            result(found, |found| found.into_iter().map(|entry| entry.map(entry_json)).collect())
        }
        "store.find" => result(store.find(query(&given["query"])?).await, page_json),
        "store.links" => {
            let anchors = list(&given["anchors"], key)?;
            let (name, direction) = (text_of(&given["name"])?, direction(&given["direction"])?);
            let after = optional(&given["after"], text_of)?;
            let limit = number(&given["limit"])? as u32;
            let pages = store.links(anchors, name, direction, after, limit).await;
            result(pages, |pages| pages.into_iter().map(link_page_json).collect())
        }
        "store.has" => result(store.has(list(&given["links"], link)?).await, |found| json!(found)),
        "store.commit" => {
            let (at, actor) = (number(&given["at"])?, text_of(&given["actor"])?);
            let done = store.commit(at, actor, list(&given["writes"], write)?).await;
            let version = |(key, version)| json!([key_json(key), wide(version)]);
            match done {
                Ok(done) => {
                    let versions: Vec<Value> = done.versions.into_iter().map(version).collect();
                    json!({"ok": {"at": wide(done.at), "versions": versions}})
                }
                Err(rejection) => {
                    let reason = refusal_json(rejection.reason);
                    json!({"err": {"write": rejection.write, "reason": reason}})
                }
            }
        }
        other => bail!("`{other}` is not in wit/store.wit"),
    };
    Ok(json!({"return": result}))
}

fn result<T>(result: Result<T, Refusal>, form: impl FnOnce(T) -> Value) -> Value {
    match result {
        Ok(value) => json!({"ok": form(value)}),
        Err(refusal) => json!({"err": refusal_json(refusal)}),
    }
}

fn text_of(value: &Value) -> anyhow::Result<String> {
    value.as_str().map(str::to_owned).with_context(|| format!("{value} is no text"))
}

fn truth(value: &Value) -> anyhow::Result<bool> {
    value.as_bool().with_context(|| format!("{value} is no bool"))
}

fn number(value: &Value) -> anyhow::Result<u64> {
    match value {
        Value::String(digits) => Ok(digits.parse()?),
        other => other.as_u64().with_context(|| format!("{value} is no u64")),
    }
}

fn signed(value: &Value) -> anyhow::Result<i64> {
    match value {
        Value::String(digits) => Ok(digits.parse()?),
        other => other.as_i64().with_context(|| format!("{value} is no s64")),
    }
}

/// A number that others may not keep, as text.
fn wide(value: u64) -> Value {
    if value > 1 << 53 { json!(value.to_string()) } else { json!(value) }
}

fn optional<T>(
    value: &Value,
    read: impl Fn(&Value) -> anyhow::Result<T>,
) -> anyhow::Result<Option<T>> {
    (!value.is_null()).then(|| read(value)).transpose()
}

fn list<T>(value: &Value, read: impl Fn(&Value) -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
    let all = value.as_array().with_context(|| format!("{value} is no list"))?;
    all.iter().map(read).collect()
}

/// The case of a variant, and its value.
fn case(value: &Value) -> anyhow::Result<(&str, &Value)> {
    match value {
        Value::String(name) => Ok((name, &Value::Null)),
        Value::Object(members) if members.len() == 1 => {
            let (name, value) = members.iter().next().context("one")?;
            Ok((name, value))
        }
        other => bail!("{other} is no variant"),
    }
}

fn key(value: &Value) -> anyhow::Result<Key> {
    Ok(Key { kind: text_of(&value["kind"])?, id: text_of(&value["id"])? })
}

fn link(value: &Value) -> anyhow::Result<Link> {
    Ok(Link {
        source: key(&value["source"])?,
        name: text_of(&value["name"])?,
        target: key(&value["target"])?,
    })
}

fn scalar(value: &Value) -> anyhow::Result<Scalar> {
    Ok(match case(value)? {
        ("text", value) => Scalar::Text(text_of(value)?),
        ("number", value) => Scalar::Number(value.as_f64().context("no number")?),
        ("boolean", value) => Scalar::Boolean(truth(value)?),
        (other, _) => bail!("no scalar: {other}"),
    })
}

fn term(value: &Value) -> anyhow::Result<Term> {
    let (path, unique) = (text_of(&value["path"])?, truth(&value["unique"])?);
    Ok(Term { path, value: scalar(&value["value"])?, unique })
}

fn draft(value: &Value) -> anyhow::Result<Draft> {
    let (key, body) = (key(&value["key"])?, text_of(&value["body"])?);
    Ok(Draft { key, body, terms: list(&value["terms"], term)? })
}

fn direction(value: &Value) -> anyhow::Result<Direction> {
    Ok(match case(value)?.0 {
        "outgoing" => Direction::Outgoing,
        "incoming" => Direction::Incoming,
        other => bail!("no direction: {other}"),
    })
}

fn operator(value: &Value) -> anyhow::Result<Operator> {
    Ok(match case(value)?.0 {
        "equal" => Operator::Equal,
        "less" => Operator::Less,
        "less-or-equal" => Operator::LessOrEqual,
        "greater" => Operator::Greater,
        "greater-or-equal" => Operator::GreaterOrEqual,
        "contains" => Operator::Contains,
        "starts-with" => Operator::StartsWith,
        "ends-with" => Operator::EndsWith,
        other => bail!("no operator: {other}"),
    })
}

fn node(value: &Value) -> anyhow::Result<Node> {
    Ok(match case(value)? {
        ("compare", value) => Node::Compare(Comparison {
            path: text_of(&value["path"])?,
            operator: operator(&value["operator"])?,
            value: scalar(&value["value"])?,
        }),
        ("present", value) => Node::Present(text_of(value)?),
        ("linked", value) => Node::Linked(Relation {
            name: text_of(&value["name"])?,
            direction: direction(&value["direction"])?,
            other: key(&value["other"])?,
        }),
        ("all", count) => Node::All(number(count)? as u32),
        ("any", count) => Node::Any(number(count)? as u32),
        ("negate", _) => Node::Negate,
        (other, _) => bail!("no node: {other}"),
    })
}

fn query(value: &Value) -> anyhow::Result<Query> {
    let order = |value: &Value| {
        let (path, descending) = (text_of(&value["path"])?, truth(&value["descending"])?);
        anyhow::Ok(Order { path, descending })
    };
    Ok(Query {
        kind: text_of(&value["kind"])?,
        filter: list(&value["filter"], node)?,
        order: optional(&value["order"], order)?,
        window: match case(&value["window"])? {
            ("offset", value) => Window::Offset(number(value)?),
            ("after", value) => Window::After(text_of(value)?),
            (other, _) => bail!("no window: {other}"),
        },
        limit: number(&value["limit"])? as u32,
        count: truth(&value["count"])?,
    })
}

fn event(value: &Value) -> anyhow::Result<Event> {
    Ok(Event {
        channel: match case(&value["channel"])?.0 {
            "feed" => Channel::Feed,
            "audit" => Channel::Audit,
            other => bail!("no channel: {other}"),
        },
        name: text_of(&value["name"])?,
        subject: optional(&value["subject"], key)?,
        body: text_of(&value["body"])?,
    })
}

fn write(value: &Value) -> anyhow::Result<Write> {
    Ok(match case(value)? {
        ("insert", value) => Write::Insert(draft(value)?),
        ("replace", value) => {
            let (draft, version) = (draft(&value["draft"])?, number(&value["version"])?);
            Write::Replace(Replacement { draft, version })
        }
        ("remove", value) => {
            let (key, version) = (key(&value["key"])?, optional(&value["version"], number)?);
            Write::Remove(Removal { key, version })
        }
        ("expect", value) => {
            let (key, version) = (key(&value["key"])?, number(&value["version"])?);
            Write::Expect(Expectation { key, version })
        }
        ("link", value) => Write::Link(list(value, link)?),
        ("unlink", value) => Write::Unlink(list(value, link)?),
        ("unlink-all", value) => {
            let (source, name) = (key(&value["source"])?, text_of(&value["name"])?);
            Write::UnlinkAll(LinkSet { source, name })
        }
        ("adjust", value) => Write::Adjust(Adjustment {
            counter: text_of(&value["counter"])?,
            by: signed(&value["by"])?,
            ceiling: optional(&value["ceiling"], number)?,
        }),
        ("append", value) => Write::Append(event(value)?),
        ("redact", value) => Write::Redact(key(value)?),
        (other, _) => bail!("no write: {other}"),
    })
}

fn key_json(key: Key) -> Value {
    json!({"kind": key.kind, "id": key.id})
}

fn entry_json(entry: Entry) -> Value {
    json!({
        "key": key_json(entry.key),
        "version": wide(entry.version),
        "created": wide(entry.created),
        "modified": wide(entry.modified),
        "body": entry.body,
    })
}

fn page_json(page: Page) -> Value {
    let hit = |hit: Hit| json!({"entry": entry_json(hit.entry), "position": hit.position});
    json!({
        "hits": page.hits.into_iter().map(hit).collect::<Vec<_>>(),
        "total": page.total.map(wide),
        "exact": page.exact,
        "ordered": page.ordered,
    })
}

fn link_page_json(page: LinkPage) -> Value {
    let links: Vec<Value> = page.links.into_iter().map(link_json).collect();
    json!({"links": links, "next": page.next})
}

fn link_json(link: Link) -> Value {
    json!({"source": key_json(link.source), "name": link.name, "target": key_json(link.target)})
}

fn refusal_json(refusal: Refusal) -> Value {
    match refusal {
        Refusal::Taken(path) => json!({"taken": path}),
        Refusal::Stale(key) => json!({"stale": key_json(key)}),
        Refusal::Missing(key) => json!({"missing": key_json(key)}),
        Refusal::OverCeiling(counter) => json!({"over-ceiling": counter}),
        Refusal::TooMany(what) => json!({"too-many": what}),
        Refusal::Invalid(what) => json!({"invalid": what}),
        Refusal::Unavailable(what) => json!({"unavailable": what}),
        Refusal::NotDone(what) => json!({"not-done": what}),
        Refusal::Damaged(what) => json!({"damaged": what}),
    }
}
