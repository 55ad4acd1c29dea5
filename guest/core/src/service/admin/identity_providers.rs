//! Identity providers as objects of the product. Enabling auto-provisioning issues a credential to
//! one.

use serde::Serialize;
use serde_json::json;

use super::super::write::audit;
use super::credentials::{self, CredentialRequest, Issued};
use super::{Problem, all, body, commit, entries, parse, put};
use crate::json;
use crate::port::Ports;
use crate::profile::{self, Policy, Scheme};
use crate::store::{Entry, Key, Write};

const KIND: &str = "$identity-provider";
/// The set-up condition that an identity provider meets.
const GATE: &str = "identity-provider";

/// An identity provider of the product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityProvider {
    /// Its name.
    pub name: String,
    /// Whether it provisions users, with a credential of its own.
    pub auto_provisioning: bool,
    /// The id of that credential.
    pub credential: Option<String>,
    /// Creation time, in milliseconds since 1970.
    pub created: u64,
}

#[derive(Serialize)]
struct StoredProvider {
    auto_provisioning: bool,
    credential: Option<String>,
}

json::decode_struct!(open StoredProvider {
    auto_provisioning: "auto_provisioning",
    credential: "credential",
});

/// Adds an identity provider, or enables auto-provisioning for an existing one. Its credential and
/// other prerequisites are created in the same commit. Returns the credential, if one was issued.
///
/// # Errors
/// If the name is empty or longer than 100 bytes, the identity provider exists and there is nothing
/// to enable, or the store fails.
pub fn add_identity_provider(
    ports: &Ports<'_>,
    tenant: &str,
    name: &str,
    auto_provisioning: bool,
) -> Result<Option<Issued>, Problem> {
    if name.is_empty() || name.len() > 100 {
        return Err(Problem::Invalid("`name` must have 1 to 100 bytes".into()));
    }
    let (profile, policy) = credentials::policy(ports)?;
    let key = Key::new(KIND, name);
    let [old] = entries(ports, [key.clone()])?;
    let kept = old.as_ref().map(parse::<StoredProvider>).transpose()?;
    if kept.is_some_and(|kept| kept.credential.is_some() || !auto_provisioning) {
        return Err(Problem::Refused(format!("there is an identity provider `{name}` already")));
    }
    let mut writes = vec![gate_met(&profile, &policy)?];
    let mut issued = None;
    if auto_provisioning {
        let request = CredentialRequest {
            tenant: tenant.to_owned(),
            label: name.to_owned(),
            scheme: scheme(&policy).to_owned(),
            ..CredentialRequest::default()
        };
        let (made, issuing) = credentials::prepare(ports, &policy, request, None)?;
        writes.extend(issuing);
        issued = Some(made);
    }
    let kept = StoredProvider {
        auto_provisioning,
        credential: issued.as_ref().map(|issued| issued.listed.id.clone()),
    };
    writes.push(audit::noted("identity-provider-added", Some(&key), &json!({})));
    writes.push(put(key, body(&kept)?, old.map(|entry| entry.version)));
    commit(ports, writes)?;
    Ok(issued)
}

/// Returns the write of the profile with its set-up condition met, or unchanged if there is none
/// that is unmet.
fn gate_met(profile: &Entry, policy: &Policy) -> Result<Write, Problem> {
    if policy.gates.get(GATE).is_none_or(|gate| gate.met) {
        return Ok(Write::expect(profile.key.clone(), profile.version));
    }
    let path = format!("gates.{GATE}.met");
    let document = profile::with_setting(&profile.body, &path, "true")?;
    Ok(put(profile.key.clone(), document, Some(profile.version)))
}

/// Returns Basic if the profile allows it, since products show it as a key and a secret.
fn scheme(policy: &Policy) -> &'static str {
    let schemes = &policy.credentials.schemes;
    let basic = schemes.iter().find(|scheme| **scheme == Scheme::Basic);
    basic.or(schemes.first()).map_or("", |scheme| scheme.name())
}

/// Returns all identity providers, in the order in which they were added.
///
/// # Errors
/// If the store fails.
pub fn identity_providers(ports: &Ports<'_>) -> Result<Vec<IdentityProvider>, Problem> {
    let listed = all(ports, KIND)?.into_iter().map(|entry| {
        let kept: StoredProvider = parse(&entry)?;
        Ok(IdentityProvider {
            name: entry.key.id,
            auto_provisioning: kept.auto_provisioning,
            credential: kept.credential,
            created: entry.created,
        })
    });
    listed.collect()
}
