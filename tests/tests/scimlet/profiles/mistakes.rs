//! Each field of a preset misspelt, and a field more in each of its objects: the profile is
//! refused, and the refusal names the path.

use anyhow::{Context, ensure};
use scimlet_core::profile::Policy;
use scimlet_tests::wording::mentions;
use serde_json::Value;

use super::{members, preset, schema};

/// Objects whose members the profile's author names.
const NAMED_FREELY: [&str; 6] =
    ["attributes.map", "attributes.mutability", "gates", "groups.roles", "roles", "seat-types"];

/// A profile with one mistake in it.
struct Mistake {
    profile: Value,
    /// The path of the mistake.
    path: String,
}

/// Core refuses each mistake and names its path.
pub(super) fn named(name: &str) -> anyhow::Result<()> {
    let mistakes = mistakes(name)?;
    for Mistake { profile, path } in &mistakes {
        let refused = Policy::from_document(&profile.to_string()).err();
        let error = refused.with_context(|| format!("`{path}` is taken"))?;
        let text = error.to_string();
        ensure!(mentions(&text, path), "no `{path}`: {text}");
    }
    ensure!(!mistakes.is_empty(), "no mistake was made");
    Ok(())
}

/// The JSON Schema takes the preset, and refuses each mistake in it.
pub(super) fn refused_by_the_schema(name: &str) -> anyhow::Result<()> {
    let validator = schema::validator()?;
    if let Err(error) = validator.validate(&preset(name)?) {
        anyhow::bail!("{error} at {}", error.instance_path);
    }
    for Mistake { profile, path } in mistakes(name)? {
        ensure!(!validator.is_valid(&profile), "`{path}` is taken");
    }
    Ok(())
}

fn mistakes(name: &str) -> anyhow::Result<Vec<Mistake>> {
    let whole = preset(name)?;
    let mut locations = Vec::new();
    objects(&whole, "", "", &mut locations);
    let mut mistakes = Vec::new();
    for Location { pointer, path, names } in locations {
        let mut made = |wrong: String, instead_of: Option<&str>| {
            let mut profile = whole.clone();
            let object = profile.pointer_mut(&pointer).and_then(Value::as_object_mut)?;
            let value = instead_of.map_or(Some(1.into()), |name| object.remove(name))?;
            let at = joined(&path, &wrong);
            object.insert(wrong, value);
            mistakes.push(Mistake { profile, path: at });
            Some(())
        };
        made("no-such-field".to_owned(), None).context("no object")?;
        for name in names {
            made(format!("{name}x"), Some(&name)).context("no field")?;
        }
    }
    Ok(mistakes)
}

/// An object whose fields are the profile's own.
struct Location {
    pointer: String,
    path: String,
    names: Vec<String>,
}

fn objects(value: &Value, pointer: &str, path: &str, found: &mut Vec<Location>) {
    if let Some(values) = value.as_array() {
        for (index, value) in values.iter().enumerate() {
            let at = (format!("{pointer}/{index}"), format!("{path}[{index}]"));
            objects(value, &at.0, &at.1, found);
        }
    }
    if !value.is_object() {
        return;
    }
    if !NAMED_FREELY.contains(&path) {
        found.push(Location {
            pointer: pointer.to_owned(),
            path: path.to_owned(),
            names: members(value).map(|(name, _)| name.clone()).collect(),
        });
    }
    for (name, value) in members(value) {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        objects(value, &format!("{pointer}/{escaped}"), &joined(path, name), found);
    }
}

fn joined(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}
