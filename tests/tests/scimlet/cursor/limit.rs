//! More entries than one query may read: RFC 7644 section 3.4.2.1, `tooMany`.

use anyhow::{Context, ensure};
use scimlet::store::{Draft, Key, Store, Write};
use serde_json::{Value, json};

use super::ids;
use super::service::Service;

/// A little more than the limit.
const USERS: usize = 20_200;

/// Returns a service with so many users, the last of which has the title `Boss`.
async fn crowd() -> anyhow::Result<Service> {
    let service = Service::of("sqlite").await?;
    let numbers: Vec<usize> = (0..USERS).collect();
    for numbers in numbers.chunks(10_000) {
        let insert = |number: &usize| {
            let title = if number + 1 == USERS { "Boss" } else { "x" };
            let body = json!({"userName": format!("u{number}"), "title": title});
            Write::Insert(Draft {
                key: Key { kind: "User".to_owned(), id: format!("u{number}") },
                body: body.to_string(),
                terms: Vec::new(),
            })
        };
        let writes = numbers.iter().map(insert).collect();
        let made = service.store.commit(1, "test".to_owned(), writes).await;
        made.ok().context("the crowd was refused")?;
    }
    Ok(service)
}

/// A list that would have to be read as a whole to be answered is refused; one that the store can
/// answer is not.
pub async fn lists() -> anyhow::Result<()> {
    let service = crowd().await?;
    let scans = [
        "/Users?filter=title%20eq%20%22boss%22",
        "/?filter=title%20eq%20%22boss%22",
        "/Users?sortBy=title",
        "/Users?sortBy=title&cursor=",
        "/?sortBy=displayName&startIndex=20002",
    ];
    for target in scans {
        let refused = service.ask("GET", target, Value::Null).await?;
        let refused = refused.expect(400).context(target)?;
        ensure!(refused["scimType"] == "tooMany", "{refused}");
    }
    for target in ["/Users?startIndex=20199&attributes=id", "/?startIndex=20199&attributes=id"] {
        let list = service.ask("GET", target, Value::Null).await?.expect(200)?;
        ensure!(ids(&list) == ["u20198", "u20199"], "{list}");
        ensure!(list["totalResults"] == USERS, "{list}");
    }
    Ok(())
}

/// A walk goes on where a page could read no more: the page is short, and not the last.
pub async fn walk() -> anyhow::Result<()> {
    let service = crowd().await?;
    let target = "/Users?filter=title%20eq%20%22boss%22&";
    let first = service.page(target, "", 10).await?;
    ensure!(ids(&first).is_empty(), "{first}");
    ensure!(first["totalResults"].is_null(), "{first}");
    let next = first["nextCursor"].as_str().context("no next page")?;
    let last = service.page(target, next, 10).await?;
    ensure!(ids(&last) == ["u20199"], "{last}");
    ensure!(last["nextCursor"].is_null(), "{last}");
    Ok(())
}
