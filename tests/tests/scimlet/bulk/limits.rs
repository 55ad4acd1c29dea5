//! RFC 7644 section 3.7.4: both limits, as they are advertised, and nothing done past one.

use anyhow::ensure;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::faulty_store::Fault;
use super::tenant::{Tenant, post_user};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("bulk::as_many_operations_as_advertised", operations),
        trial("bulk::as_many_bytes_as_advertised", bytes),
    ]
}

async fn advertised(tenant: &Tenant, name: &str) -> anyhow::Result<usize> {
    let target = "/ServiceProviderConfig";
    let answer = tenant.ask("GET", target, &Value::Null).await?;
    let document: Value = serde_json::from_str(&answer.body)?;
    Ok(usize::try_from(document["bulk"][name].as_u64().unwrap_or_default())?)
}

/// The limit is named and said, as RFC 7644 section 3.7.4 prints it.
async fn refused(tenant: &Tenant, body: &Value, name: &str, limit: usize) -> anyhow::Result<()> {
    let answer = tenant.ask("POST", "/Bulk", body).await?;
    answer.refusal(413, &[name, &limit.to_string()])?;
    ensure!(tenant.events().await?.is_empty(), "something was done");
    Ok(())
}

fn request(operations: usize) -> Value {
    let operations: Vec<Value> = (0..operations).map(post_user).collect();
    let schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
    json!({"schemas": [schema], "Operations": operations})
}

async fn operations() -> anyhow::Result<()> {
    let tenant = Tenant::new(Fault::None).await?;
    let limit = advertised(&tenant, "maxOperations").await?;
    refused(&tenant, &request(limit + 1), "maxOperations", limit).await?;
    let full = request(limit);
    let results = tenant.bulk(full["Operations"].as_array().expect("it is one"));
    let created = results.await?;
    let created = created.iter().filter(|result| result["status"] == "201");
    ensure!(created.count() == limit, "not all were created");
    Ok(())
}

async fn bytes() -> anyhow::Result<()> {
    let tenant = Tenant::new(Fault::None).await?;
    let limit = advertised(&tenant, "maxPayloadSize").await?;
    let mut body = request(1);
    let rest = limit - body.to_string().len();
    let filled = |count: usize| Value::from("x".repeat(count));
    body["Operations"][0]["data"]["nickName"] = filled(rest);
    refused(&tenant, &body, "maxPayloadSize", limit).await?;
    let over = body.to_string().len() - limit;
    body["Operations"][0]["data"]["nickName"] = filled(rest - over);
    ensure!(body.to_string().len() == limit, "not the whole limit");
    let answer = tenant.ask("POST", "/Bulk", &body).await?;
    ensure!(answer.status == 200, "{answer:?}");
    Ok(())
}
