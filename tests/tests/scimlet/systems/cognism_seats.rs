//! `cognism`: its seats, of people and of the kinds that groups give.

use anyhow::ensure;
use serde_json::json;

use super::cognism::{connected, seated};

pub(super) async fn limited() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    product.run("tenant set TENANT users.seats=2")?;
    let ada = okta.created("ada@example.com").await?;
    let names: Vec<String> = (0..16).map(|n| format!("user{n}@example.com")).collect();
    ensure!(seated(&okta, &names).await? == 1, "not one seat was left");
    okta.deactivate(&ada).await?;
    let bob = okta.created("bob@example.com").await?;
    okta.activate(&ada, true).await?.refusal(403, &[])?;
    let reactivate = format!("user reactivate TENANT {ada}");
    product.refused(&reactivate)?;
    ensure!(okta.user(&ada).await?["active"] == false);
    okta.deactivate(&bob).await?;
    okta.activate(&ada, true).await?.expect(200).map(drop)
}

pub(super) async fn groups() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    product.run("tenant set TENANT seat-types={\"full\":1}")?;
    let ada = okta.created("ada@example.com").await?;
    let bob = okta.created("bob@example.com").await?;
    let group = okta.push("admin", &[&ada]).await?;
    let nothing = product.view(&ada)?;
    ensure!(nothing["roles"] == json!([]), "derived: {nothing}");
    ensure!(nothing["seatTypes"] == json!([]), "derived: {nothing}");

    product.run("group assign TENANT admin --role manager --seat-type full")?;
    let given = product.view(&ada)?;
    ensure!(given["roles"] == json!(["manager"]), "{given}");
    ensure!(given["seatTypes"] == json!(["full"]), "{given}");
    okta.join(&group, &bob).await?.refusal(403, &["full"])?;
    okta.leave(&group, &ada).await?.expect(200)?;
    okta.join(&group, &bob).await?.expect(200)?;
    ensure!(product.view(&bob)?["roles"] == json!(["manager"]));
    ensure!(product.view(&ada)?["roles"] == json!([]));
    okta.join(&group, &ada).await?.refusal(403, &["full"])?;
    Ok(())
}
