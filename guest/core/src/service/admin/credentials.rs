//! Credentials of identity providers.

use serde_json::json;

use super::super::write::audit;
use super::{Problem, all, assignments, body, commit, entries, parse, put};
use crate::auth::credential::{self, Credential, Previous};
use crate::auth::{Scopes, Use, hour_of};
use crate::port::Ports;
use crate::profile::{self, Policy, Scheme};
use crate::store::{Entry, Key, Write};

/// The properties of a credential that is to be issued.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialRequest {
    /// The tenant's name.
    pub tenant: String,
    /// A label for operators.
    pub label: String,
    /// How clients present it.
    pub scheme: String,
    /// Its lifetime in seconds; `None` for the profile's setting.
    pub lifetime_seconds: Option<u64>,
    /// Its scopes; if empty, everything except events.
    pub scopes: Vec<String>,
    /// The profile's role that it is bound to.
    pub role: Option<String>,
    /// The group, by id or name, that users created with it are added to.
    pub target_group: Option<String>,
}

/// A credential without its secret. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCredential {
    /// The credential's id.
    pub id: String,
    /// When it was first issued.
    pub created: u64,
    /// When it was last used, with a precision of one hour.
    pub last_used: Option<u64>,
    /// Its other properties.
    pub credential: Credential,
}

/// A credential with its secret, which is returned only once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The credential.
    pub listed: ListedCredential,
    /// The user name that goes with the secret, for Basic.
    pub username: Option<String>,
    /// The secret.
    pub secret: String,
}

/// Issues a credential. If the profile allows only one at a time, earlier ones are revoked at once.
///
/// # Errors
/// If the request does not fit the profile, or the tenant is not configured.
pub fn issue_credential(ports: &Ports<'_>, request: CredentialRequest) -> Result<Issued, Problem> {
    let (profile, policy) = policy(ports)?;
    let group = match &request.target_group {
        Some(group) => Some(assignments::group_to_go_into(ports, group)?),
        None => None,
    };
    let mut writes = vec![Write::expect(profile.key, profile.version)];
    if policy.credentials.single {
        // Two concurrent calls do not see each other's credential: this write makes one of them
        // stale.
        let order = Key::new("$order", credential::KIND);
        let [last] = entries(ports, [order.clone()])?;
        let next = put(order, "{}".to_owned(), last.map(|entry| entry.version));
        writes.push(next);
        writes.extend(revocations(ports)?);
    }
    let (issued, made) = prepare(ports, &policy, request, group)?;
    writes.extend(made);
    commit(ports, writes)?;
    Ok(issued)
}

/// Returns the entry of the profile, and its policy.
pub(super) fn policy(ports: &Ports<'_>) -> Result<(Entry, std::sync::Arc<Policy>), Problem> {
    let [profile] = entries(ports, [profile::key()])?;
    let profile = profile.ok_or_else(|| {
        Problem::Refused("the tenant has no profile yet; configure it first".into())
    })?;
    let policy = Policy::from_document(&profile.body)?;
    Ok((profile, policy))
}

/// Returns a new credential, and the writes that store it.
pub(super) fn prepare(
    ports: &Ports<'_>,
    policy: &Policy,
    request: CredentialRequest,
    group: Option<String>,
) -> Result<(Issued, [Write; 2]), Problem> {
    let scheme = checked(policy, &request)?;
    let scopes = Scopes::parse(&request.scopes).map_err(|e| Problem::Invalid(e.to_string()))?;
    if !scopes.say_something_each() {
        let text = "`scopes`: beside `events`, `read-only` and `bulk` need `users` or `groups`";
        return Err(Problem::Invalid(text.into()));
    }
    let now = ports.clock.now();
    let id = credential::new_id(ports);
    let secret = credential::new_secret(ports, &request.tenant, &id);
    let of_profile = || policy.credentials.lifetime.map(|lifetime| lifetime.milliseconds());
    let given = request.lifetime_seconds;
    let lifetime = given.map(|seconds| seconds.saturating_mul(1000)).or_else(of_profile);
    let credential = Credential {
        tenant: request.tenant,
        label: request.label,
        scheme,
        scopes,
        role: request.role,
        target_group: group,
        digest: credential::digest(&secret),
        previous: None,
        lifetime,
        expires: lifetime.map(|lifetime| now.saturating_add(lifetime)),
        announced: false,
        revoked: None,
    };
    let key = credential::key(&id);
    let event = noted("credential-issued", &key, &credential);
    let made = [put(key, body(&credential)?, None), event];
    let listed = ListedCredential { id, created: now, last_used: None, credential };
    Ok((shown(listed, secret), made))
}

/// Splits the secret into user name and password for Basic.
fn shown(listed: ListedCredential, secret: String) -> Issued {
    let (username, secret) = match listed.credential.scheme {
        Scheme::Bearer => (None, secret),
        Scheme::Basic => {
            let (name, password) = credential::pair(&secret);
            (Some(name.to_owned()), password.to_owned())
        }
    };
    Issued { listed, username, secret }
}

fn checked(policy: &Policy, request: &CredentialRequest) -> Result<Scheme, Problem> {
    let schemes = &policy.credentials.schemes;
    let scheme = schemes.iter().find(|scheme| scheme.name() == request.scheme);
    let Some(scheme) = scheme else {
        let names: Vec<&str> = schemes.iter().map(|scheme| scheme.name()).collect();
        return Err(Problem::Invalid(format!(
            "`scheme`: the profile allows {}, not `{}`",
            names.join(", "),
            request.scheme
        )));
    };
    if !credential::is_tenant_name(&request.tenant) {
        let text = "`tenant` must be 1 to 63 of a-z, 0-9 and -";
        return Err(Problem::Invalid(text.into()));
    }
    if request.lifetime_seconds == Some(0) {
        return Err(Problem::Invalid("`lifetime-seconds` must not be 0".into()));
    }
    let unknown = request.role.as_ref();
    if let Some(role) = unknown.filter(|role| !policy.roles.contains_key(role)) {
        let names: Vec<&str> = policy.roles.keys().collect();
        return Err(Problem::Invalid(format!(
            "`role`: the profile has no role `{role}`, but {}",
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        )));
    }
    Ok(*scheme)
}

/// Returns the writes that revoke all valid credentials.
fn revocations(ports: &Ports<'_>) -> Result<Vec<Write>, Problem> {
    let mut writes = Vec::new();
    for entry in all(ports, credential::KIND)? {
        let credential: Credential = parse(&entry)?;
        if credential.revoked.is_none() {
            writes.extend(revocation(ports, entry.key, entry.version, credential)?);
        }
    }
    Ok(writes)
}

fn revocation(
    ports: &Ports<'_>,
    key: Key,
    version: u64,
    credential: Credential,
) -> Result<[Write; 2], Problem> {
    let revoked = Credential { revoked: Some(ports.clock.now()), ..credential };
    let event = noted("credential-revoked", &key, &revoked);
    Ok([put(key, body(&revoked)?, Some(version)), event])
}

/// Returns the audit event of a change of a credential, with its resulting properties.
fn noted(name: &str, key: &Key, credential: &Credential) -> Write {
    let Credential { scheme, scopes, role, expires, .. } = credential;
    let expires = expires.map(|milliseconds| milliseconds / 1000);
    let data = json!({"scheme": scheme, "scopes": scopes, "role": role, "expires": expires});
    audit::noted(name, Some(key), &data)
}

/// Replaces a credential's secret. The old one becomes invalid at once, or after the overlap that
/// the profile allows.
///
/// # Errors
/// If there is no such credential, or it was revoked.
pub fn rotate_credential(ports: &Ports<'_>, id: &str) -> Result<Issued, Problem> {
    let (profile, policy) = policy(ports)?;
    let (entry, old) = load(ports, id)?;
    if old.revoked.is_some() {
        return Err(Problem::Refused("the credential is revoked; issue a new one".into()));
    }
    let secret = credential::new_secret(ports, &old.tenant, id);
    let now = ports.clock.now();
    let until = policy.credentials.overlap.map(|overlap| {
        let until = now.saturating_add(overlap.milliseconds());
        old.expires.map_or(until, |expires| until.min(expires))
    });
    let previous = until.map(|until| Previous { digest: old.digest.clone(), until });
    let credential = Credential {
        digest: credential::digest(&secret),
        previous,
        expires: old.lifetime.map(|lifetime| now.saturating_add(lifetime)),
        announced: false,
        ..old
    };
    let event = noted("credential-rotated", &entry.key, &credential);
    let expected = Write::expect(profile.key, profile.version);
    let replaced = put(entry.key, body(&credential)?, Some(entry.version));
    commit(ports, vec![expected, replaced, event])?;
    let listed =
        ListedCredential { id: id.to_owned(), created: entry.created, last_used: None, credential };
    Ok(shown(listed, secret))
}

/// Revokes a credential; revoking it again has no effect.
///
/// # Errors
/// If there is no such credential.
pub fn revoke_credential(ports: &Ports<'_>, id: &str) -> Result<(), Problem> {
    let (entry, old) = load(ports, id)?;
    if old.revoked.is_some() {
        return Ok(());
    }
    let revoked = revocation(ports, entry.key, entry.version, old)?;
    commit(ports, revoked.into())?;
    Ok(())
}

/// Returns all credentials in the order of creation.
///
/// # Errors
/// If the store fails.
pub fn credentials(ports: &Ports<'_>) -> Result<Vec<ListedCredential>, Problem> {
    let entries = all(ports, credential::KIND)?;
    let mut listed = Vec::with_capacity(entries.len());
    for chunk in entries.chunks(crate::limits::KEYS_PER_CALL) {
        let keys = chunk.iter().map(|entry| credential::used_key(&entry.key.id));
        let used = ports.store.get(keys.collect())?;
        for (entry, used) in chunk.iter().zip(used) {
            let last = used.map(|used| parse::<Use>(&used)).transpose()?;
            listed.push(ListedCredential {
                id: entry.key.id.clone(),
                created: entry.created,
                last_used: last.map(|last| hour_of(last.at)),
                credential: parse(entry)?,
            });
        }
    }
    Ok(listed)
}

fn load(ports: &Ports<'_>, id: &str) -> Result<(Entry, Credential), Problem> {
    let [entry] = entries(ports, [credential::key(id)])?;
    let entry = entry.ok_or(Problem::NotFound)?;
    let credential = parse(&entry)?;
    Ok((entry, credential))
}
