//! `scimlet group`.

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet_tests::client::text;
use serde_json::json;

use super::Desk;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![trial("operator::a_group_gives_its_members_roles", given)]
}

async fn given() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let settings = ["groups.assignments=true", r#"seat-types={"full":1}"#];
    desk.text(&[&["tenant", "set", "acme"], &settings[..]].concat())?;
    let ids = desk.import(&["ada@example.com"])?;
    let (_server, client) = desk.serve()?;
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Engineering",
        "members": [{"value": ids[0]}],
    });
    let group = client.ask("POST", "/Groups", &group).await?.expect(201)?;
    let give = ["--role", "editor", "--seat-type", "full"];
    desk.text(&[&["group", "assign", "acme", "Engineering"], &give[..]].concat())?;
    let user = desk.json(&["user", "show", "acme", &ids[0]])?;
    let product = &user["urn:scimlet:product"];
    ensure!(product["roles"] == json!(["editor"]), "{user}");
    ensure!(product["seatTypes"] == json!(["full"]), "{user}");
    let id = text(&group, "id")?;
    let list = desk.json(&["group", "list", "acme"])?;
    let expected = json!([{"group": id, "roles": ["editor"], "seatType": "full"}]);
    ensure!(list == expected, "{list}");
    desk.text(&["group", "assign", "acme", id])?;
    ensure!(desk.json(&["group", "list", "acme"])? == json!([]));
    let user = desk.json(&["user", "show", "acme", &ids[0]])?;
    ensure!(user["urn:scimlet:product"]["roles"] == json!([]), "{user}");
    desk.refused(&["group", "assign", "acme", "Nobody", "--role", "editor"])?;
    Ok(())
}
