//! The tenant's policy: set as a whole, or setting by setting.

use serde_json::json;

use super::super::secret;
use super::super::write::{audit, update};
use super::{Problem, commit, content, entries, put, webhooks};
use crate::index::{IndexedPaths, index_key};
use crate::port::Ports;
use crate::profile::{self, Policy, ProfileError};
use crate::text;

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// The members of a profile that contain keys and secrets.
const HOLDING_KEYS: [&str; 2] = ["credentials", "webhooks"];

/// Sets the tenant's profile and returns its version. Paths that were not indexed before are not
/// used in store queries until they are complete; in a new tenant all are. Creates the tenant's
/// secret if it has none.
///
/// # Errors
/// If the profile is invalid, or does not have the `expected` version.
pub fn configure(ports: &Ports<'_>, profile: &str, expected: Option<u64>) -> Result<u64, Problem> {
    let policy = Policy::from_document(profile)?;
    let keys = [profile::key(), index_key(), secret::key(), webhooks::key()];
    let [old, index, secret, added] = entries(ports, keys)?;
    let version = old.as_ref().map(|entry| entry.version);
    if expected.is_some() && expected != version {
        return Err(Problem::Stale);
    }
    let kept = index.as_ref().and_then(|entry| crate::json::from_str(&entry.body).ok());
    let indexed = indexed(&policy, old.as_ref().map(|_| kept.unwrap_or_default()));
    let mut writes = vec![
        put(profile::key(), profile.to_owned(), version),
        put(index_key(), super::body(&indexed)?, index.map(|entry| entry.version)),
    ];
    if secret.is_none() {
        writes.push(put(secret::key(), secret::fresh(ports), None));
    }
    writes.push(webhooks::write(&policy, old.as_ref(), added.as_ref()));
    let before = old.as_ref().map_or("{}", |entry| entry.body.as_str());
    let differing = members_differing(before, profile);
    if differing.iter().any(|name| HOLDING_KEYS.contains(&name.as_str())) {
        policy.check_keys()?;
    }
    let changed = json!({ "attributes": differing });
    writes.push(audit::noted("profile-changed", None, &changed));
    let versions = commit(ports, writes)?;
    let version = versions.into_iter().find(|(key, _)| *key == profile::key());
    Ok(version.map_or(1, |(_, version)| version))
}

/// Returns only the names of the members of a profile that differ: their values contain the secrets
/// of webhooks.
fn members_differing(before: &str, after: &str) -> Vec<String> {
    update::names_differing(&content(before), &content(after), |_| true, "")
}

/// Returns the profile as it was set, and its version.
///
/// # Errors
/// If the tenant is not configured.
pub fn profile(ports: &Ports<'_>) -> Result<(String, u64), Problem> {
    let [entry] = entries(ports, [profile::key()])?;
    entry.map(|entry| (entry.body, entry.version)).ok_or(Problem::NotFound)
}

/// Changes settings of the profile: all of them, or none. Returns the new version.
///
/// # Errors
/// If a path is invalid, or the resulting profile is.
pub fn set(ports: &Ports<'_>, settings: &[(String, String)]) -> Result<u64, Problem> {
    let (mut document, version) = profile(ports)?;
    let policy = Policy::from_document(&document)?;
    for (path, value) in settings {
        let gate = path.strip_prefix("gates.").and_then(|rest| rest.split('.').next());
        if let Some(gate) = gate.filter(|gate| !policy.gates.contains_key(gate)) {
            let known: Vec<&str> = policy.gates.keys().collect();
            let known = match known.is_empty() {
                true => "none".to_owned(),
                false => known.join(", "),
            };
            return Err(Problem::Invalid(format!("the profile has no gate `{gate}`, but {known}")));
        }
        document = profile::with_setting(&document, path, value)?;
    }
    configure(ports, &document, Some(version))
}

/// Returns a description of a profile in sentences.
///
/// # Errors
/// If the profile is invalid.
pub fn explain(profile: &str) -> Result<String, Problem> {
    let policy = Policy::from_document(profile)?;
    policy.check_keys()?;
    Ok(policy.to_string())
}

/// Returns the complete paths under a policy: in a new tenant all that it indexes, otherwise those
/// of them that were complete before.
fn indexed(policy: &Policy, kept: Option<IndexedPaths>) -> IndexedPaths {
    let of_type = |resource_type: &crate::resource_type::ResourceType| {
        let wanted = resource_type.index().iter().map(ToString::to_string);
        let paths = match &kept {
            None => wanted.collect::<Vec<_>>(),
            Some(kept) => {
                wanted.filter(|path| kept.complete(resource_type.name()).contains(path)).collect()
            }
        };
        (resource_type.name().to_owned(), paths)
    };
    let paths = policy.registry.types().iter().map(of_type).collect();
    IndexedPaths { normalisation: text::NORMALISATION, paths }
}
