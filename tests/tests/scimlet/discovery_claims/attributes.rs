//! Each attribute that `/Schemas` shows is what it says: type, required, mutability, returned.

use anyhow::{Context, ensure};
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::Http;
use serde_json::{Value, json};

/// A resource type with what there is to know about one of its schemas.
struct SchemaOfType<'a> {
    endpoint: &'a Http,
    path: &'a str,
    main: &'a Value,
    /// The extension's URI, if it is one.
    extension: Option<&'a str>,
    /// The id of a resource that references can refer to.
    other: String,
}

/// Tries each attribute of each schema of each resource type.
pub async fn each(endpoint: Http) -> anyhow::Result<()> {
    let schemas = super::listed(&endpoint, "/Schemas").await?;
    let find =
        |uri: &Value| schemas.iter().find(|schema| schema["id"] == *uri).context("no schema");
    let mut other = String::new();
    for resource_type in super::listed(&endpoint, "/ResourceTypes").await? {
        let main = find(&resource_type["schema"])?;
        let mut of_type = SchemaOfType {
            endpoint: &endpoint,
            path: text(&resource_type, "endpoint")?,
            main,
            extension: None,
            other: other.clone(),
        };
        let made = of_type.made("other", &json!({})).await?;
        if other.is_empty() {
            text(&made, "id")?.clone_into(&mut other);
        }
        of_type = SchemaOfType { other: other.clone(), ..of_type };
        of_type.attributes(main).await?;
        for extension in resource_type["schemaExtensions"].as_array().into_iter().flatten() {
            let schema = find(&extension["schema"])?;
            of_type.extension = Some(text(schema, "id")?);
            of_type.attributes(schema).await?;
        }
    }
    Ok(())
}

impl SchemaOfType<'_> {
    /// The least that can be created, with these members beside it.
    fn resource(&self, unique: &str, members: &Value) -> Value {
        let mut resource = json!({"schemas": [self.main["id"]]});
        let attributes = self.main["attributes"].as_array().into_iter().flatten();
        for attribute in
            attributes.filter(|a| a["required"] == true && a["mutability"] != "readOnly")
        {
            resource[attribute["name"].as_str().unwrap_or_default()] = unique.into();
        }
        for (name, value) in members.as_object().into_iter().flatten() {
            match self.extension {
                Some(uri) => resource[uri][name] = value.clone(),
                None => resource[name] = value.clone(),
            }
        }
        resource
    }

    async fn made(&self, unique: &str, members: &Value) -> anyhow::Result<Value> {
        let resource = self.resource(unique, members);
        let made = self.endpoint.ask("POST", self.path, &resource).await?;
        made.expect(201).with_context(|| resource.to_string())
    }

    /// The part of a shown resource that the attributes are in.
    fn inside<'v>(&self, shown: &'v Value) -> &'v Value {
        self.extension.map_or(shown, |uri| &shown[uri])
    }

    async fn attributes(&self, schema: &Value) -> anyhow::Result<()> {
        for attribute in schema["attributes"].as_array().context("no attributes")? {
            let name = text(attribute, "name")?;
            self.attribute(attribute, name)
                .await
                .with_context(|| format!("{}: {name}", schema["id"]))?;
        }
        Ok(())
    }

    async fn attribute(&self, attribute: &Value, name: &str) -> anyhow::Result<()> {
        let unique = format!("{name}-{}", self.extension.unwrap_or_default());
        let value = self.sample(attribute);
        let path = self.extension.map_or_else(|| name.to_owned(), |uri| format!("{uri}:{name}"));
        if attribute["required"] == true {
            let without = self.resource(&unique, &json!({name: null}));
            let refused = self.endpoint.ask("POST", self.path, &without).await?;
            refused.expect(400)?;
        }
        let made = self.made(&unique, &json!({name: value})).await?;
        let target = format!("{}/{}", self.path, text(&made, "id")?);
        let asked = scimlet_tests::tenant::target(&target, &[("attributes", &path)]);
        let asked = self.endpoint.get(&asked).await?.expect(200)?;
        if attribute["mutability"] == "readOnly" {
            ensure!(
                !agrees(&value, &self.inside(&made)[name]),
                "was taken from the client: {made}"
            );
            let change = patch(json!([{"op": "replace", "path": path, "value": value}]));
            let refused = self.endpoint.ask("PATCH", &target, &change).await?.expect(400)?;
            ensure!(refused["scimType"] == "mutability", "{refused}");
            return Ok(());
        }
        let shown = [("made", &made), ("asked for", &asked)];
        for (how, shown) in shown {
            let due = match text(attribute, "returned")? {
                "never" => false,
                "request" => how == "asked for",
                _ => true,
            };
            ensure!(agrees(&value, &self.inside(shown)[name]) == due, "{how}: {shown} for {value}");
        }
        let wrong =
            json!({name: if attribute["type"] == "complex" { json!(1) } else { json!({}) }});
        let refused = self.endpoint.ask("POST", self.path, &self.resource("wrong", &wrong)).await?;
        refused.expect(400)?;
        Ok(())
    }

    /// A value of the attribute's type, without what is read-only.
    fn sample(&self, attribute: &Value) -> Value {
        let parts = || attribute["subAttributes"].as_array().into_iter().flatten();
        let refers = parts().any(|part| part["name"] == "$ref");
        let one = match attribute["type"].as_str().unwrap_or_default() {
            "boolean" => json!(true),
            "integer" => json!(7),
            "decimal" => json!(7.5),
            "dateTime" => json!("2008-01-23T04:56:22Z"),
            "binary" => json!("YQ=="),
            "reference" => json!(format!("{}/Users/{}", self.endpoint.base, self.other)),
            "complex" => {
                let writable = parts().filter(|part| part["mutability"] != "readOnly");
                let named = writable.map(|part| {
                    let name = part["name"].as_str().unwrap_or_default().to_owned();
                    let value = if refers && name == "value" {
                        self.other.as_str().into()
                    } else {
                        self.sample(part)
                    };
                    (name, value)
                });
                Value::Object(named.collect())
            }
            _ => attribute["canonicalValues"]
                .get(0)
                .cloned()
                .unwrap_or_else(|| format!("{}", attribute["name"]).into()),
        };
        if attribute["multiValued"] == true { json!([one]) } else { one }
    }
}

/// Whether all that was given is shown; the service may add parts that it computes.
fn agrees(given: &Value, shown: &Value) -> bool {
    match (given, shown) {
        (Value::Object(given), Value::Object(shown)) if !given.is_empty() => given
            .iter()
            .all(|(name, value)| shown.get(name).is_some_and(|shown| agrees(value, shown))),
        (Value::Array(given), Value::Array(shown)) => {
            given.len() == shown.len()
                && given.iter().zip(shown).all(|(given, shown)| agrees(given, shown))
        }
        (given, shown) => given == shown,
    }
}
