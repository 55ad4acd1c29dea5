//! An attribute that is `returned: never` (RFC 7643 section 7) comes back from no method and under
//! no projection, and its value is not kept either.

use anyhow::ensure;
use libtest_mimic::Failed;
use proptest::prelude::*;
use scimlet::store::memory::Memory;
use scimlet_tests::client::{patch, text};
use scimlet_tests::tenant::{Tenant, target};
use serde_json::{Value, json};

use super::resources::{PROFILE, user};

/// A value that nothing else has.
const SECRET: &str = "t1meMa$heen";
const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// POST, PUT, PATCH, GET and lists never show the value.
pub fn never_returned() -> Result<(), Failed> {
    let strategy = (user(), spelling(), projection(), projection());
    super::hold(&strategy, |(mut user, spelling, wanted, unwanted)| {
        let tenant = Tenant::over(&Memory::exact(), PROFILE)?;
        user["userName"] = "somebody".into();
        user[spelling.as_str()] = SECRET.into();
        let query = |path: &str| {
            target(path, &[("attributes", &wanted), ("excludedAttributes", &unwanted)])
        };
        let created = tenant.ask("POST", &query("/Users"), &user)?;
        let id = created.expect(201)?;
        let one = format!("/Users/{}", text(&id, "id")?);
        let path = patch(json!([
            {"op": "replace", "path": spelling, "value": SECRET},
            {"op": "add", "path": "title", "value": "b"},
        ]));
        let member =
            patch(json!([{"op": "add", "value": {spelling.as_str(): SECRET, "title": "c"}}]));
        let qualified =
            patch(json!([{"op": "add", "path": format!("{USER}:{spelling}"), "value": SECRET}]));
        let mut answers = vec![created];
        answers.push(tenant.ask("PUT", &query(&one), &user)?);
        for body in [path, member, qualified] {
            answers.push(tenant.ask("PATCH", &query(&one), &body)?);
        }
        answers.push(tenant.get(&query(&one))?);
        answers.push(tenant.get(&query("/Users"))?);
        for answer in answers {
            ensure!(answer.status < 300, "{}: {}", answer.status, answer.body);
            ensure!(!answer.body.contains(SECRET), "it came back: {}", answer.body);
            let shown: Value = serde_json::from_str(&answer.body)?;
            let named = |object: &Value| {
                object
                    .as_object()
                    .is_some_and(|o| o.keys().any(|k| k.eq_ignore_ascii_case("password")))
            };
            let listed = shown["Resources"].as_array().is_some_and(|list| list.iter().any(named));
            ensure!(!named(&shown) && !listed, "it is named: {shown}");
        }
        guessed(&tenant)
    })
}

/// Expects that filters and orders do not reveal the value.
fn guessed(tenant: &Tenant) -> anyhow::Result<()> {
    for filter in [format!(r#"password eq "{SECRET}""#), "not (password pr)".to_owned()] {
        let answer = tenant.get(&target("/Users", &[("filter", &filter)]))?;
        ensure!(answer.status == 400, "{filter} is answered: {}", answer.body);
    }
    let answer = tenant.get("/Users?sortBy=password")?;
    ensure!(answer.status == 400, "sorted: {}", answer.body);
    Ok(())
}

fn spelling() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["password", "Password", "PASSWORD"]).prop_map(str::to_owned)
}

fn projection() -> impl Strategy<Value = String> {
    let names = [
        "password",
        "PassWord",
        "userName",
        "emails.value",
        "name",
        "id",
        "meta",
        USER,
        "",
        "nobody",
    ];
    let qualified = format!("{USER}:password");
    let names = names.map(str::to_owned).into_iter().chain([qualified]).collect::<Vec<_>>();
    prop::collection::vec(prop::sample::select(names), 0..4).prop_map(|names| names.join(","))
}
