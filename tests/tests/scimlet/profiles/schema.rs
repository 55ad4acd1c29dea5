//! `profile.schema.json`, for authors of profiles in an editor.

use anyhow::{Context, ensure};
use jsonschema::Validator;
use libtest_mimic::Failed;
use serde_json::Value;

use super::{failing, members, merged, read};

/// The schema at work.
pub(super) fn validator() -> anyhow::Result<Validator> {
    Ok(jsonschema::validator_for(&read("profile.schema.json")?)?)
}

/// Every field that the presets set has a description, which an author sees while writing.
pub(super) fn described() -> Result<(), Failed> {
    failing(scimlet_core::profile::presets().try_for_each(|name| {
        let schema = read("profile.schema.json")?;
        let walk = Walk { whole: &schema };
        walk.value(&schema, &merged(name)?, name)
    }))
}

struct Walk<'s> {
    whole: &'s Value,
}

impl<'s> Walk<'s> {
    fn value(&self, schema: &'s Value, value: &Value, path: &str) -> anyhow::Result<()> {
        let schema = self.referred(schema)?;
        for (name, value) in members(value) {
            let path = format!("{path}.{name}");
            let field = self.field(schema, name);
            let field = field.with_context(|| format!("{path} is not in the schema"))?;
            let is_named = !schema["properties"][name].is_null();
            let is_described = field["description"].is_string() || !is_named;
            ensure!(is_described, "{path} is not described");
            self.value(field, value, &path)?;
        }
        for (index, value) in value.as_array().into_iter().flatten().enumerate() {
            let items = &schema["items"];
            ensure!(!items.is_null(), "what is in {path} is not in the schema");
            self.value(items, value, &format!("{path}[{index}]"))?;
        }
        Ok(())
    }

    fn field(&self, schema: &'s Value, name: &str) -> Option<&'s Value> {
        let named = &schema["properties"][name];
        let patterns = members(&schema["patternProperties"]).map(|(_, schema)| schema);
        let others = [&schema["additionalProperties"]].into_iter().chain(patterns);
        let mut candidates = [named].into_iter().chain(others);
        candidates.find(|schema| schema.is_object())
    }

    /// Returns the schema that a `$ref` names, or the schema itself if it has none.
    fn referred(&self, schema: &'s Value) -> anyhow::Result<&'s Value> {
        let Some(reference) = schema["$ref"].as_str() else {
            return Ok(schema);
        };
        let pointer = reference.trim_start_matches('#');
        self.whole.pointer(pointer).context(reference.to_owned())
    }
}
