//! `cortex`: the effects of a user's deactivation or deletion, and of the user's return.

use anyhow::{Context, ensure};
use serde_json::json;

use super::cortex::connected;
use super::okta::Okta;
use super::product::Product;

/// The effects in the product that a deactivation or deletion orders, in their order.
const EFFECTS: [&str; 4] =
    ["remove-roles", "remove-memberships", "delete-api-keys", "revoke-sessions"];

pub(super) async fn effects() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let ada = okta.created("ada@example.com").await?;
    let bob = okta.created("bob@example.com").await?;
    let team = okta.push("Team", &[&ada, &bob]).await?;
    okta.deactivate(&ada).await?;
    ensure!(product.view(&ada)?["roles"] == json!([]));
    ensure!(okta.user(&ada).await?["roles"].is_null());
    ensure!(okta.user(&ada).await?["groups"].is_null());
    together(&product, &ada, "deactivate").await?;
    okta.delete(&bob).await?;
    ensure!(okta.members(&team).await?.is_empty());
    together(&product, &bob, "delete").await
}

/// Expects that the effects come right after the event that they belong to, in its commit.
async fn together(product: &Product, id: &str, step: &str) -> anyhow::Result<()> {
    let events = product.events().await?;
    let name = format!("urn:ietf:params:scim:event:prov:{step}");
    let is_step = |at: usize| {
        let event = &events[at].event;
        event.name == name && event.subject.as_ref().is_some_and(|of| of.id == id)
    };
    let at = (0..events.len()).find(|at| is_step(*at)).context("no step")?;
    let behind = &events[at + 1..];
    for (number, effect) in EFFECTS.iter().enumerate() {
        let told = behind.get(number).context("too few events")?;
        ensure!(told.event.name == *effect, "{told:?}, not {effect}");
        let commit = (events[at].at, events[at].sequence + 1 + number as u64);
        ensure!((told.at, told.sequence) == commit, "{told:?} is apart");
    }
    Ok(())
}

pub(super) async fn members() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let ada = okta.created("ada@example.com").await?;
    let bob = okta.created("bob@example.com").await?;
    let team = okta.push("Team", &[&ada, &bob]).await?;
    okta.deactivate(&ada).await?;
    ensure!(okta.members(&team).await? == [bob.as_str()]);
    product.run("tenant set TENANT groups.inactive-members=\"show\"")?;
    let shown = okta.members(&team).await?;
    ensure!(shown.len() == 2 && shown.contains(&ada), "{shown:?}");
    product.run("tenant set TENANT groups.inactive-members=\"hide\"")?;
    ensure!(okta.members(&team).await? == [bob]);
    Ok(())
}

pub(super) async fn references() -> anyhow::Result<()> {
    let (product, okta) = connected()?;
    let ada = okta.created("ada@example.com").await?;
    product.run("reference add TENANT ada@example.com owner service-7")?;
    product.run("reference add TENANT Ada@example.com team 12")?;
    let team = okta.push("Team", &[&ada]).await?;
    belongs(&product, Some(&ada))?;
    okta.deactivate(&ada).await?;
    belongs(&product, None)?;
    okta.update(&ada, json!({"active": true})).await?.expect(200)?;
    belongs(&product, Some(&ada))?;
    // They are no memberships: those do not come back by themselves.
    ensure!(okta.members(&team).await?.is_empty());

    okta.delete(&ada).await?;
    belongs(&product, None)?;
    let anew = anew(&okta).await?;
    ensure!(anew != ada);
    belongs(&product, Some(&anew))?;
    let told = product.told(&anew).await?;
    ensure!(told.contains(&"references-restored".to_owned()), "{told:?}");
    Ok(())
}

async fn anew(okta: &Okta) -> anyhow::Result<String> {
    ensure!(okta.matches("ada@example.com").await?.is_empty());
    okta.created("ADA@example.com").await
}

/// Expects that the references belong to this user; `None` for nobody.
fn belongs(product: &Product, user: Option<&str>) -> anyhow::Result<()> {
    let list = product.run("reference list TENANT ada@example.com")?;
    let kept: Vec<_> = list.as_array().into_iter().flatten().collect();
    let kinds: Vec<_> = kept.iter().map(|one| (&one["kind"], &one["id"])).collect();
    ensure!(kinds.len() == 2, "{list}");
    ensure!(kinds[0] == (&json!("owner"), &json!("service-7")), "{list}");
    ensure!(kept.iter().all(|one| one["user"] == json!(user)), "{list}");
    Ok(())
}
