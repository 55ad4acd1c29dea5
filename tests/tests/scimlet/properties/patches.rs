//! A PATCH happens whole or not at all: an operation that fails leaves what those before it would
//! have changed.

use anyhow::ensure;
use libtest_mimic::Failed;
use proptest::prelude::*;
use scimlet::store::memory::Memory;
use scimlet_tests::client::patch;
use serde_json::{Value, json};

use super::resources::{ENTERPRISE, population, word};

/// A list of operations succeeds; with a failing operation behind it nothing is changed, not even a
/// version.
pub fn all_or_nothing() -> Result<(), Failed> {
    let operations = (prop::collection::vec(operation(), 0..6), failing());
    let in_groups = (prop::collection::vec(membership(), 1..6), failing_in_group());
    let strategy = (population(), operations, in_groups);
    super::hold(&strategy, |(population, users_, groups_)| {
        let (tenant, users, groups) = population.settle(&Memory::exact())?;
        let targets = users.first().map(|id| (format!("/Users/{id}"), users_));
        let groups = groups.first().map(|id| (format!("/Groups/{id}"), groups_));
        let everything =
            || -> anyhow::Result<_> { Ok((tenant.get("/Users")?, tenant.get("/Groups")?)) };
        for (target, (good, bad)) in targets.into_iter().chain(groups) {
            let good: Vec<Value> =
                good.iter().map(|operation| settled(operation, &users)).collect();
            let before = everything()?;
            let all: Vec<Value> = good.iter().cloned().chain([bad]).collect();
            let refused = tenant.ask("PATCH", &target, &patch(all.into()))?;
            ensure!((400..500).contains(&refused.status), "{}: {}", refused.status, refused.body);
            ensure!(everything()? == before, "something was changed");
            if !good.is_empty() {
                tenant.ask("PATCH", &target, &patch(good.into()))?.expect(200)?;
            }
        }
        Ok(())
    })
}

/// An operation with the ids of users in place of their numbers.
fn settled(operation: &Value, users: &[String]) -> Value {
    let mut text = operation.to_string();
    for i in 0..4 {
        text = text.replace(&format!("${i}"), &users[i % users.len()]);
    }
    serde_json::from_str(&text).expect("it is JSON still")
}

/// An operation that no user refuses.
fn operation() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(vec![
        "displayName".to_owned(),
        "TITLE".to_owned(),
        "name.familyName".to_owned(),
        format!("{ENTERPRISE}:employeeNumber"),
        r#"emails[type eq "new"].value"#.to_owned(),
    ]);
    prop_oneof![
        (path.clone(), word())
            .prop_map(|(path, value)| json!({"op": "add", "path": path, "value": value})),
        path.clone()
            .prop_filter("it may have no target", |path| !path.contains('['))
            .prop_map(|path| json!({"op": "remove", "path": path})),
        word().prop_map(|name| {
            json!({"op": "replace", "value": {"nickName": name, "active": false}})
        }),
        word().prop_map(|address| {
            let value = json!([{"value": address, "primary": true}]);
            json!({"op": "add", "path": "emails", "value": value})
        }),
        Just(json!({"op": "replace", "path": "emails", "value": [{"value": "a"}, {"value": "b"}]})),
        word().prop_map(|division| {
            json!({"op": "replace", "path": ENTERPRISE, "value": {"division": division}})
        }),
        Just(json!({"op": "remove", "path": ENTERPRISE})),
    ]
}

/// An operation that each user refuses.
fn failing() -> impl Strategy<Value = Value> {
    let two_primary = json!([{"primary": true}, {"primary": true, "value": "b"}]);
    prop::sample::select(vec![
        json!({"op": "replace", "path": "nobody", "value": 1}),
        json!({"op": "replace", "path": "id", "value": "other"}),
        json!({"op": "replace", "path": "groups", "value": []}),
        json!({"op": "replace", "path": "active", "value": "perhaps"}),
        json!({"op": "remove", "path": "emails[type eq \"nobody's\"]"}),
        json!({"op": "remove", "path": "userName"}),
        json!({"op": "remove"}),
        json!({"op": "change", "path": "title", "value": "a"}),
        json!({"op": "add", "path": "emails[", "value": "a"}),
        json!({"op": "add", "path": "emails", "value": two_primary}),
        json!({"op": "replace", "path": "userName", "value": "x".repeat(600)}),
        json!({"op": "replace", "value": {"meta": {"version": "W/\"9\""}}}),
    ])
}

fn membership() -> impl Strategy<Value = Value> {
    let ids = prop::collection::vec(0..4_u8, 0..3);
    let members = ids.prop_map(|ids| -> Value {
        ids.iter().map(|i| json!({"value": format!("${i}")})).collect()
    });
    prop_oneof![
        (prop::sample::select(vec!["add", "replace"]), members)
            .prop_map(|(op, members)| json!({"op": op, "path": "members", "value": members})),
        (0..4_u8)
            .prop_map(|i| json!({"op": "remove", "path": format!("members[value eq \"${i}\"]")})),
        Just(json!({"op": "remove", "path": "members"})),
        word().prop_map(
            |name| json!({"op": "replace", "value": {"displayName": format!("n{name}")}})
        ),
    ]
}

fn failing_in_group() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!({"op": "add", "path": "members", "value": [{"value": "nobody"}]}),
        json!({"op": "add", "path": "members", "value": "nobody"}),
        json!({"op": "replace", "path": "members[value eq \"a\"].value", "value": "b"}),
        json!({"op": "remove", "path": "displayName"}),
        json!({"op": "add", "path": "displayName", "value": 5}),
    ])
}
