//! A whole life in one go, as Okta drives it: the credential's test, import, create, update, pushed
//! groups, deactivation, reactivation, removal, and provisioning once more.

use anyhow::ensure;
use serde_json::{Value, json};

use super::okta::Okta;
use super::product::Product;

/// The way in which a user becomes active again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Patch,
    Put,
}

/// The differences between the systems.
#[derive(Clone, Copy)]
pub(super) struct Life {
    /// Whether the record of a removed user stays, inactive.
    pub(super) removal_keeps: bool,
    pub(super) reactivation: Way,
}

/// Tells the story of Ada, with Bob at her side.
pub(super) async fn tell(product: &Product, okta: &Okta, life: Life) -> anyhow::Result<()> {
    okta.test_credentials().await?;
    let known = product.import(&["u1@example.com", "u2@example.com", "u3@example.com"])?;
    let imported: Vec<Value> = okta.import().await?;
    let imported: Vec<_> = imported.iter().map(|user| user["id"].clone()).collect();
    ensure!(json!(imported) == json!(known), "{imported:?}");

    ensure!(okta.matches("ada@example.com").await?.is_empty());
    let ada = okta.created("ada@example.com").await?;
    let bob = okta.created("bob@example.com").await?;
    let name = json!({"givenName": "Ada", "familyName": "King"});
    let updated = okta.update(&ada, json!({ "name": name })).await?;
    ensure!(updated.expect(200)?["name"] == name);

    let group = okta.push("Engineering", &[&ada, &bob]).await?;
    okta.rename(&group, "Research").await?;
    let members = okta.members(&group).await?;
    ensure!(members.len() == 2, "{members:?}");

    okta.deactivate(&ada).await?;
    let found = okta.matches("Ada@Example.com").await?;
    ensure!(found.len() == 1 && found[0]["active"] == false, "{found:?}");
    reactivate(okta, &ada, life).await?;

    okta.delete(&ada).await?;
    let gone = okta.get(&format!("/Users/{ada}")).await?;
    gone.refusal(404, &[&ada])?;
    ensure!(okta.matches("ada@example.com").await?.is_empty());
    if life.removal_keeps {
        ensure!(product.view(&ada)?["removed"] == true);
    }
    let again = okta.created("ada@example.com").await?;
    ensure!((again == ada) == life.removal_keeps, "{again} after {ada}");
    ensure!(okta.user(&again).await?["active"] == true);
    ensure!(okta.user(&bob).await?["active"] == true, "Bob was hit");
    let steps = ["create:notice", "put:notice", "deactivate", "activate", "delete"];
    follow(&product.told(&ada).await?, &steps)
}

async fn reactivate(okta: &Okta, id: &str, life: Life) -> anyhow::Result<()> {
    let answer = match life.reactivation {
        Way::Patch => okta.activate(id, true).await?,
        Way::Put => okta.update(id, json!({"active": true})).await?,
    };
    ensure!(answer.expect(200)?["active"] == true);
    Ok(())
}

/// Whether the events tell these steps, in this order.
fn follow(told: &[String], steps: &[&str]) -> anyhow::Result<()> {
    let mut events = told.iter();
    for step in steps {
        ensure!(events.any(|event| event == step), "no `{step}` in {told:?}");
    }
    Ok(())
}
