//! Okta's import: pages from 1, 101 and 201 on, in a stable order, with integers as JSON numbers,
//! while resources change.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::store::memory::Memory;
use scimlet_tests::client::{patch, text};
use scimlet_tests::tenant::Tenant;
use serde_json::{Value, json};

/// The trial.
pub fn trials() -> Vec<Trial> {
    let run = || imported().map_err(|error| format!("{error:#}").into());
    vec![Trial::test("quirks::okta_imports_in_pages", run)]
}

fn imported() -> anyhow::Result<()> {
    let tenant = Tenant::over(&Memory::exact(), r#"{"extends":"okta"}"#)?;
    let mut made = Vec::new();
    for number in 0..230 {
        let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("user{number}@okta.local")});
        let user = tenant.ask("POST", "/Users", &user)?.expect(201)?;
        made.push(text(&user, "id")?.to_owned());
    }
    let mut seen = Vec::new();
    for (start, expected) in [(1, 100), (101, 100), (201, 30), (301, 0)] {
        let page = page(&tenant, start, expected)?;
        for user in page["Resources"].as_array().context("no Resources")? {
            seen.push(text(user, "id")?.to_owned());
        }
        // A change moves nobody to another page.
        let renamed =
            patch(json!([{"op": "replace", "value": {"displayName": start.to_string()}}]));
        let target = format!("/Users/{}", made[0]);
        tenant.ask("PATCH", &target, &renamed)?.expect(200)?;
    }
    ensure!(seen == made, "pages repeat, miss or reorder");
    Ok(())
}

/// A page, which says rightly what it holds.
fn page(tenant: &Tenant, start: usize, expected: usize) -> anyhow::Result<Value> {
    let target = format!("/Users?startIndex={start}&count=100");
    let page = tenant.get(&target)?.expect(200)?;
    for (name, number) in [("totalResults", 230), ("startIndex", start), ("itemsPerPage", expected)]
    {
        ensure!(page[name] == json!(number), "{name} is {}", page[name]);
    }
    Ok(page)
}
