//! The documents that RFC 7643 prints: resources are taken as they are, what the service says of
//! itself is of the printed form.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::store::memory::Memory;
use scimlet_tests::client::text;
use scimlet_tests::exchange::DEFAULT;
use scimlet_tests::tenant::Tenant;
use serde_json::{Value, json};

use super::{schemas, trial};

/// A trial for each document.
pub fn trials(examples: Vec<Value>) -> Vec<Trial> {
    let of = |example: Value| {
        let id = example["id"].as_str().unwrap_or_default().to_owned();
        trial(&id, move || judge(&example["json"]))
    };
    examples.into_iter().map(of).collect()
}

fn judge(printed: &Value) -> anyhow::Result<()> {
    let tenant = Tenant::over(&Memory::exact(), DEFAULT)?;
    let documents = printed.as_array().map_or(std::slice::from_ref(printed), Vec::as_slice);
    let of = |document: &Value| {
        let uri = document["schemas"][0].as_str().unwrap_or_default();
        uri.rsplit(':').next().unwrap_or_default().to_owned()
    };
    for document in documents {
        match of(document).as_str() {
            "User" => user(&tenant, document)?,
            "Group" => group(&tenant, document)?,
            "ServiceProviderConfig" => has_members(&tenant, "/ServiceProviderConfig", document)?,
            "ResourceType" => {
                let target = format!("/ResourceTypes/{}", text(document, "id")?);
                has_members(&tenant, &target, document)?;
            }
            // Schemas are printed without their own.
            _ => schemas::judge(&tenant, document)?,
        }
    }
    Ok(())
}

const MANAGER: &str = "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager";

/// Members that the service sets, or never shows.
const NOT_THE_CLIENTS: [&str; 4] = ["id", "meta", "groups", "password"];

/// The print breaks certificates over lines, and shows a manager's name, which is not the client's
/// to say.
fn user(tenant: &Tenant, printed: &Value) -> anyhow::Result<()> {
    let mut user = printed.clone();
    let certificates = user.get_mut("x509Certificates");
    for certificate in certificates.and_then(Value::as_array_mut).into_iter().flatten() {
        certificate["value"] = text(certificate, "value")?.replace(' ', "").into();
    }
    let made = tenant.ask("POST", "/Users", &user)?.expect(201)?;
    if let Some(manager) = user.pointer_mut(MANAGER).and_then(Value::as_object_mut) {
        manager.remove("displayName");
    }
    taken(&user, &made)
}

/// The members of the print are made first, since they have to be there.
fn group(tenant: &Tenant, printed: &Value) -> anyhow::Result<()> {
    let mut group = printed.clone();
    for member in group["members"].as_array_mut().context("no members")? {
        let name = text(member, "display")?.to_owned();
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": name, "displayName": name,
        });
        let user = tenant.ask("POST", "/Users", &user)?.expect(201)?;
        member["value"] = user["id"].clone();
        member["$ref"] = user["meta"]["location"].clone();
    }
    let mut made = tenant.ask("POST", "/Groups", &group)?.expect(201)?;
    for member in made["members"].as_array_mut().context("no members")? {
        ensure!(member["type"] == "User", "{member}");
        member.as_object_mut().context("no object")?.remove("type");
    }
    taken(&group, &made)
}

/// Whether everything that the client decides is shown as it was sent.
fn taken(sent: &Value, made: &Value) -> anyhow::Result<()> {
    for (name, value) in sent.as_object().context("no object")? {
        if !NOT_THE_CLIENTS.contains(&name.as_str()) {
            ensure!(made[name] == *value, "{name} is {}", made[name]);
        }
    }
    Ok(())
}

/// Whether the service's document has all members of the printed one; their values are the
/// service's own. One is optional.
fn has_members(tenant: &Tenant, target: &str, printed: &Value) -> anyhow::Result<()> {
    let own = tenant.get(target)?.expect(200)?;
    let printed = printed.as_object().context("no object")?;
    for (name, value) in printed.iter().filter(|(name, _)| *name != "documentationUri") {
        let of_a_kind = std::mem::discriminant(value) == std::mem::discriminant(&own[name]);
        ensure!(of_a_kind, "{name} is {}, and printed as {value}", own[name]);
    }
    Ok(())
}
