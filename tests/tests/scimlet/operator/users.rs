//! `scimlet user`, one user at a time, and lists of them.

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet_tests::wording::mentions;
use serde_json::{Value, json};

use super::Desk;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("operator::users_are_listed_by_filter_and_count", listed),
        trial("operator::a_user_goes_and_comes_back", activity),
        trial("operator::an_imported_user_is_linked", linked),
        trial("operator::a_user_is_erased", erased),
        trial("operator::a_user_has_roles", roles),
        trial("operator::references_name_the_user", references),
    ]
}

const PRODUCT: &str = "urn:scimlet:product";

fn show(desk: &Desk, id: &str) -> anyhow::Result<Value> {
    desk.json(&["user", "show", "acme", id])
}

async fn listed() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    desk.import(&["ada@example.com", "bob@example.com", "cy@example.com"])?;
    let names = |more: &[&str]| {
        let list = desk.json(&[&["user", "list", "acme"][..], more].concat())?;
        let users = list.as_array().into_iter().flatten();
        anyhow::Ok(users.map(|user| user["userName"].to_string()).collect::<String>())
    };
    ensure!(names(&["--filter", "userName sw \"b\""])? == "\"bob@example.com\"");
    ensure!(names(&["--count", "2"])? == "\"ada@example.com\"\"bob@example.com\"");
    let table = desk.text(&["user", "list", "acme"])?;
    ensure!(table.starts_with("ID ") && table.lines().count() == 4, "{table}");
    let sentence = desk.refused(&["user", "list", "acme", "--filter", "userName ="])?;
    ensure!(mentions(&sentence, "9"), "no position: {sentence}");
    Ok(())
}

async fn activity() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let ids = desk.import(&["ada@example.com"])?;
    let [id] = [ids[0].as_str()];
    let (_server, client) = desk.serve()?;
    let active = async || {
        let user = client.get(&format!("/Users/{id}")).await?.expect(200)?;
        anyhow::Ok(user["active"].clone())
    };
    for _ in 0..2 {
        desk.text(&["user", "deactivate", "acme", id])?;
        ensure!(active().await? == false);
    }
    let table = desk.text(&["user", "list", "acme"])?;
    ensure!(table.contains(" no "), "{table}");
    desk.text(&["user", "reactivate", "acme", id])?;
    ensure!(active().await? == true);
    desk.text(&["user", "deactivate", "acme", id])?;
    desk.text(&["tenant", "set", "acme", "users.seats=0"])?;
    desk.refused(&["user", "reactivate", "acme", id])?;
    ensure!(active().await? == false);
    Ok(())
}

async fn linked() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let ids = desk.import(&["ada@example.com"])?;
    let before = show(&desk, &ids[0])?;
    ensure!(before[PRODUCT]["provisioned"] == false, "{before}");
    desk.text(&["user", "link", "acme", &ids[0], "--external-id", "00u1"])?;
    let after = show(&desk, &ids[0])?;
    ensure!(after[PRODUCT]["provisioned"] == true, "{after}");
    ensure!(after["externalId"] == "00u1", "{after}");
    Ok(())
}

async fn erased() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let ids = desk.import(&["ada@example.com"])?;
    let (_server, client) = desk.serve()?;
    let reference = ["reference", "add", "acme", "ada@example.com", "dashboard", "42"];
    desk.text(&reference)?;
    ensure!(kept(&desk, "ada@example.com")?, "the address is in no file");
    desk.text(&["user", "erase", "acme", &ids[0]])?;
    ensure!(!kept(&desk, "ada@example.com")?, "the address is still in a file");
    desk.text(&["audit", "verify", "acme"])?;
    let answer = client.get(&format!("/Users/{}", ids[0])).await?;
    ensure!(answer.status == 404, "{}", answer.body);
    for command in ["show", "erase", "deactivate"] {
        let sentence = desk.refused(&["user", command, "acme", &ids[0]])?;
        ensure!(mentions(&sentence, &ids[0]), "{sentence}");
    }
    Ok(())
}

/// Whether a text stands anywhere in the database's files, in what is free or still in the log too.
fn kept(desk: &Desk, text: &str) -> anyhow::Result<bool> {
    for file in std::fs::read_dir(desk.folder.path())? {
        let path = file?.path();
        let is_database = path.to_string_lossy().contains("scimlet.db");
        let bytes = if is_database { std::fs::read(&path)? } else { Vec::new() };
        if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn roles() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let ids = desk.import(&["ada@example.com"])?;
    let roles = ["--role", "editor", "--role", "auditor"];
    desk.text(&[&["user", "assign", "acme", &ids[0]], &roles[..]].concat())?;
    let user = show(&desk, &ids[0])?;
    ensure!(user[PRODUCT]["roles"] == json!(["editor", "auditor"]), "{user}");
    let table = desk.text(&["user", "list", "acme"])?;
    ensure!(table.contains("editor auditor"), "{table}");
    desk.text(&["user", "assign", "acme", &ids[0]])?;
    let user = show(&desk, &ids[0])?;
    ensure!(user[PRODUCT]["roles"] == json!([]), "{user}");
    Ok(())
}

async fn references() -> anyhow::Result<()> {
    let desk = Desk::new("okta")?;
    let ids = desk.import(&["ada@example.com"])?;
    for _ in 0..2 {
        desk.text(&["reference", "add", "acme", "ada@example.com", "dashboard", "42"])?;
    }
    desk.text(&["reference", "add", "acme", "bob@example.com", "team", "7"])?;
    let list = |email| desk.json(&["reference", "list", "acme", email]);
    let reference = |email, kind, id, user: Value| {
        let reference = json!({"email": email, "kind": kind, "id": id, "user": user});
        json!([reference])
    };
    let ada = "ada@example.com";
    let expected = reference(ada, "dashboard", "42", ids[0].as_str().into());
    ensure!(list(ada)? == expected, "{}", list(ada)?);
    let bob = "bob@example.com";
    ensure!(list(bob)? == reference(bob, "team", "7", Value::Null), "{}", list(bob)?);
    Ok(())
}
