//! `scimlet profile`.

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet_tests::wording::mentions;
use serde_json::Value;
use tempfile::TempDir;

use super::Desk;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("operator::a_profile_is_explained", explained),
        trial("operator::a_wrong_profile_names_the_field", wrong),
    ]
}

/// A folder without a database.
fn empty() -> anyhow::Result<Desk> {
    Ok(Desk { folder: TempDir::new()? })
}

async fn explained() -> anyhow::Result<()> {
    let desk = empty()?;
    desk.write("acme.json", r#"{"extends":"okta","users":{"seats":7}}"#)?;
    let said = desk.text(&["profile", "check", "acme.json"])?;
    ensure!(mentions(&said, "7"), "no word of the seats: {said}");
    let shown = desk.json(&["profile", "show", "okta"])?;
    ensure!(shown["name"] == "okta", "{shown}");
    let sentences = shown["explanation"].as_array().map_or(&[][..], Vec::as_slice);
    ensure!(sentences.len() > 1, "{shown}");
    ensure!(sentences.iter().all(Value::is_string), "{shown}");
    ensure!(!desk.folder().join("scimlet.db").exists(), "a database was made");
    Ok(())
}

async fn wrong() -> anyhow::Result<()> {
    let desk = empty()?;
    desk.write("acme.json", r#"{"extends":"okta","users":{"seats":"many"}}"#)?;
    let sentence = desk.refused(&["profile", "check", "acme.json"])?;
    ensure!(mentions(&sentence, "users.seats"), "{sentence}");
    let sentence = desk.refused(&["profile", "show", "nobody"])?;
    ensure!(mentions(&sentence, "nobody") && mentions(&sentence, "okta"), "{sentence}");
    let sentence = desk.refused(&["profile", "check", "missing.json"])?;
    ensure!(mentions(&sentence, "missing.json"), "{sentence}");
    Ok(())
}
