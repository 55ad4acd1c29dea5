//! Refusals of the application, and its failures: nothing is written.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::{Site, group, patch, user};

pub(super) async fn of_single_requests() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default", "users": {"seats": 1}})).await?;
    for (refusal, status, scim_type) in [
        (json!({"invalid": "no such tariff"}), 400, json!("invalidValue")),
        (json!({"forbidden": "not in this tariff"}), 403, Value::Null),
    ] {
        let sentence = refusal.as_object().and_then(|one| one.values().next().cloned());
        site.refuse(refusal);
        let answer = site.ask("POST", "/Users", user("ada")).await?.expect(status)?;
        ensure!(Some(&answer["detail"]) == sentence.as_ref(), "{answer}");
        ensure!(answer["scimType"] == scim_type, "{answer}");
        let list = site.ask("GET", "/Users", Value::Null).await?.expect(200)?;
        ensure!(list["totalResults"] == 0, "{list}");
    }
    // The seat is not taken either.
    let id = site.made(user("ada")).await?;
    let target = format!("/Users/{id}");
    let before = site.ask("GET", &target, Value::Null).await?.expect(200)?;
    for (method, body) in [
        ("PATCH", patch(json!([{"op": "replace", "value": {"active": false}}]))),
        ("PUT", user("bob")),
        ("DELETE", Value::Null),
    ] {
        site.refuse(json!({"forbidden": "not now"}));
        site.ask(method, &target, body).await?.expect(403).context(method)?;
        let now = site.ask("GET", &target, Value::Null).await?.expect(200)?;
        ensure!(now == before, "{method}: {now}");
    }
    let events = site.feed(0, &target).await?;
    ensure!(events.len() == 1, "{events:?}");
    let refused = site.store.events(0, 1000).await?;
    let refused = refused.iter().filter(|event| event.event.name == "refused").count();
    ensure!(refused == 5, "{refused} refusals in the audit");
    Ok(())
}

pub(super) async fn in_a_bulk() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default"})).await?;
    let operation = |id: &str, path: &str, data: Value| {
        let mut operation = json!({"method": "POST", "path": path, "bulkId": id});
        operation["data"] = data;
        operation
    };
    let bulk = |operations: Value| {
        let schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
        json!({"schemas": [schema], "Operations": operations})
    };
    site.give(json!([]));
    site.refuse(json!({"invalid": "not bob"}));
    let three = ["ada", "bob", "cyd"].map(|name| operation(name, "/Users", user(name)));
    let answer = site.ask("POST", "/Bulk", bulk(json!(three))).await?.expect(200)?;
    let statuses: Vec<&Value> = answer["Operations"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|operation| &operation["status"])
        .collect();
    ensure!(statuses == ["201", "400", "201"], "{answer}");
    ensure!(answer["Operations"][1]["response"]["detail"] == "not bob", "{answer}");
    ensure!(site.heard().len() == 3, "not one call for each commit");
    let list = site.ask("GET", "/Users", Value::Null).await?.expect(200)?;
    ensure!(list["totalResults"] == 2, "{list}");

    let circle = json!([
        operation("a", "/Groups", group("a", &["bulkId:b"])),
        operation("b", "/Groups", group("b", &["bulkId:a"])),
    ]);
    site.refuse(json!({"forbidden": "no groups"}));
    let answer = site.ask("POST", "/Bulk", bulk(circle.clone())).await?.expect(200)?;
    ensure!(answer["Operations"][0]["status"] == "403", "{answer}");
    ensure!(answer["Operations"][1]["status"] == "409", "{answer}");
    let heard = site.heard();
    ensure!(heard.len() == 1 && heard[0].as_array().map(Vec::len) == Some(2), "{heard:?}");
    let list = site.ask("GET", "/Groups", Value::Null).await?.expect(200)?;
    ensure!(list["totalResults"] == 0, "{list}");
    site.give(json!(["g-1", "g-2"]));
    let answer = site.ask("POST", "/Bulk", bulk(circle)).await?.expect(200)?;
    ensure!(answer["Operations"][1]["status"] == "201", "{answer}");
    let found = json!({"resource-type": "Group", "product-id": "g-2"});
    let found = site.directory("find-by-product-id", found).await?;
    let location = answer["Operations"][1]["location"].as_str().unwrap_or_default();
    ensure!(location.ends_with(found.as_str().unwrap_or("?")), "{found}, {answer}");
    Ok(())
}

pub(super) async fn failures_write_nothing() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default"})).await?;
    for answer in [
        json!({"error": "the connection is gone"}),
        json!({"return": {"err": {"failed": "a foreign key"}}}),
        json!({"return": {"ok": "not a list"}}),
        json!({"return": null}),
    ] {
        site.answer(answer.clone());
        let failed = site.ask("POST", "/Users", user("ada")).await?;
        let failed = failed.expect(503).with_context(|| answer.to_string())?;
        ensure!(!failed.to_string().contains("foreign key"), "{failed}");
        ensure!(site.heard().len() == 1, "a failure is not tried again");
        let list = site.ask("GET", "/Users", Value::Null).await?.expect(200)?;
        ensure!(list["totalResults"] == 0, "{list}");
    }
    site.made(user("ada")).await.map(drop)
}

pub(super) async fn again_is_tried_again() -> anyhow::Result<()> {
    let site = Site::new(json!({"extends": "default"})).await?;
    site.refuse(json!({"again": "a deadlock"}));
    site.refuse(json!({"again": "a deadlock"}));
    let id = site.made(user("ada")).await?;
    let heard = site.heard();
    ensure!(heard.len() == 3 && heard[2][0]["id"] == *id, "{heard:?}");
    let list = site.ask("GET", "/Users", Value::Null).await?.expect(200)?;
    ensure!(list["totalResults"] == 1, "{list}");
    Ok(())
}
