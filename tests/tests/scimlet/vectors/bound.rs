//! Core cases that say whether a schema knows the attributes: `schema_valid` beside `schema`.

use std::sync::{Arc, LazyLock};

use scimlet_core::filter::{Filter, Path};
use scimlet_core::predicate;
use scimlet_core::profile::Policy;
use scimlet_core::resource_type::{AttributePlace, ResourceType};
use serde_json::Value;

/// The supplied types, those of discovery as if they were resources, and those that cases show
/// without naming: `test:PatchEntity` and the one without a name, whose attributes are named as
/// their types.
static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    let profile = include_str!("../../../vectors/bound-profile.json");
    Policy::from_document(profile).expect("the profile is one")
});

fn named(case: &Value) -> Result<Option<&'static ResourceType>, String> {
    let Some(uri) = case["schema"].as_str().filter(|_| !case["schema_valid"].is_null()) else {
        return Ok(None);
    };
    let uri = if uri.is_empty() { "test:Types" } else { uri };
    let found = POLICY.registry.types().iter().find(|of| of.core().id == uri);
    found.map(Some).ok_or_else(|| format!("no type has the schema {uri}"))
}

/// Whether the filter is bound if it should be.
pub fn filter(case: &Value, filter: &Filter) -> Result<(), String> {
    let Some(of) = named(case)? else {
        return Ok(());
    };
    let bound = predicate::bind(filter, of).map(drop).map_err(|error| error.to_string());
    super::agree(&case["schema_valid"], bound)
        .map_err(|error| format!("{filter}: {error} by the schema"))
}

/// Whether the path names something if it should.
pub fn path(case: &Value, path: &Path) -> Result<(), String> {
    let Some(of) = named(case)? else {
        return Ok(());
    };
    let bound = selected(of, path);
    super::agree(&case["schema_valid"], bound)
        .map_err(|error| format!("{path}: {error} by the schema"))
}

fn selected(of: &ResourceType, path: &Path) -> Result<(), String> {
    let unknown = || format!("`{path}` is no attribute");
    let attribute = match of.place(&path.attribute).ok_or_else(unknown)? {
        AttributePlace::Extension(_) if path.filter.is_some() => return Err(unknown()),
        AttributePlace::Extension(_) => return Ok(()),
        AttributePlace::Attribute { attribute, .. } => attribute,
    };
    if let Some(filter) = &path.filter {
        predicate::bind_element(filter, attribute).map_err(|error| error.to_string())?;
    }
    match &path.sub {
        Some(sub) => attribute.sub(sub.as_str()).map(drop).ok_or_else(unknown),
        None => Ok(()),
    }
}
