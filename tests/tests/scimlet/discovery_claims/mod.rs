//! Discovery is exactly true (RFC 7644 section 4, RFC 7643 sections 5 to 7): each feature that it
//! claims is tried, and each that it denies is tried too. The trials follow the flags, so that they
//! hold for features that are added later.

mod attributes;
mod config;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::client::text;
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::server;
use serde_json::{Value, json};

/// The trials.
pub fn trials() -> Vec<Trial> {
    let mut trials = config::trials();
    trials.push(trial("resource_types", resource_types));
    trials.push(trial("schemas", schemas));
    trials.push(trial("attributes", attributes::each));
    trials
}

/// A trial with a server of its own.
fn trial<R: Future<Output = anyhow::Result<()>>>(
    name: &str,
    run: impl FnOnce(Http) -> R + Send + 'static,
) -> Trial {
    super::trial(format!("truth::{name}"), || async {
        let (_folder, server) = server::fresh()?;
        run(server.endpoint(TENANT)?).await
    })
}

/// All documents of a discovery endpoint.
async fn listed(endpoint: &Http, target: &str) -> anyhow::Result<Vec<Value>> {
    let list = endpoint.get(target).await?.expect(200)?;
    let documents = list["Resources"].as_array().context("no Resources")?;
    ensure!(list["totalResults"] == documents.len(), "{list}");
    Ok(documents.clone())
}

/// Whether the document is at its location, byte for byte, and nowhere else.
async fn located(endpoint: &Http, target: &str, document: &Value) -> anyhow::Result<()> {
    let at = format!("{target}/{}", text(document, "id")?);
    ensure!(endpoint.get(&at).await?.expect(200)? == *document, "another one at {at}");
    let location = text(&document["meta"], "location")?;
    ensure!(location == format!("{}{at}", endpoint.base), "{location}");
    let elsewhere = endpoint.get(&format!("{at}x")).await?;
    ensure!(elsewhere.status == 404, "{at}x: {}", elsewhere.status);
    Ok(())
}

/// Each resource type has an endpoint that answers, and schemas that are shown.
async fn resource_types(endpoint: Http) -> anyhow::Result<()> {
    for of in listed(&endpoint, "/ResourceTypes").await? {
        located(&endpoint, "/ResourceTypes", &of).await?;
        let list = endpoint.get(text(&of, "endpoint")?).await?.expect(200)?;
        ensure!(list["totalResults"] == 0, "{list}");
        let extensions = of["schemaExtensions"].as_array().into_iter().flatten();
        for uri in
            std::iter::once(&of["schema"]).chain(extensions.map(|extension| &extension["schema"]))
        {
            let uri = uri.as_str().context("no URI")?;
            let schema = endpoint.get(&format!("/Schemas/{uri}")).await?.expect(200)?;
            ensure!(schema["id"] == uri, "{schema}");
        }
        // A resource whose schema is none of the type's is none of its resources.
        let stranger = json!({"schemas": [of["schema"], "urn:example:other"]});
        endpoint.ask("POST", text(&of, "endpoint")?, &stranger).await?.expect(400)?;
    }
    Ok(())
}

/// Each schema is at its URI, and each document has a schema that knows all of its attributes.
async fn schemas(endpoint: Http) -> anyhow::Result<()> {
    let schemas = listed(&endpoint, "/Schemas").await?;
    for schema in &schemas {
        located(&endpoint, "/Schemas", schema).await?;
    }
    let config = endpoint.get("/ServiceProviderConfig").await?.expect(200)?;
    let types = listed(&endpoint, "/ResourceTypes").await?;
    for document in std::iter::once(&config).chain(&types).chain(&schemas) {
        let uri = &document["schemas"][0];
        let of = schemas.iter().find(|schema| schema["id"] == *uri);
        known(&of.with_context(|| format!("{uri} is not shown"))?["attributes"], document)?;
    }
    Ok(())
}

/// Whether all members are attributes.
fn known(attributes: &Value, object: &Value) -> anyhow::Result<()> {
    let attributes = attributes.as_array().context("no attributes")?;
    for (name, value) in object.as_object().context("no object")? {
        if ["schemas", "id", "meta"].contains(&name.as_str()) {
            continue;
        }
        let attribute = attributes.iter().find(|attribute| attribute["name"] == **name);
        let attribute = attribute.with_context(|| format!("{name} is in no schema"))?;
        ensure!(attribute["multiValued"] == value.is_array(), "{name} is one or many");
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        // Attributes of attributes end with those that have no parts of their own.
        for value in values.iter().filter(|value| value.is_object() && name != "subAttributes") {
            known(&attribute["subAttributes"], value)?;
        }
    }
    Ok(())
}
