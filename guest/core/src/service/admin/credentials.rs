//! What identity providers authenticate with.

use serde_json::json;

use super::super::write::audit;
use super::{Problem, all, assignments, body, commit, entries, parse, put};
use crate::auth::credential::{self, Credential, Previous};
use crate::auth::{Scopes, Use, hour_of};
use crate::port::Ports;
use crate::profile::{self, Policy, Scheme};
use crate::store::{Entry, Key, Write};

/// What a credential is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialRequest {
    /// The tenant's name.
    pub tenant: String,
    /// For the operator's eyes.
    pub label: String,
    /// How clients present it.
    pub scheme: String,
    /// Seconds; `None` for what the profile says.
    pub lifetime_seconds: Option<u64>,
    /// What it may do; none for everything but events.
    pub scopes: Vec<String>,
    /// The role of the profile that it is bound to.
    pub role: Option<String>,
    /// The group, by id or name, that those go into who are made with it.
    pub target_group: Option<String>,
}

/// A credential without its secret. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedCredential {
    /// Names it.
    pub id: String,
    /// When it was first issued.
    pub created: u64,
    /// When it was last used, to the hour.
    pub last_used: Option<u64>,
    /// Everything else.
    pub credential: Credential,
}

/// A credential with its secret, which is shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The credential.
    pub listed: ListedCredential,
    /// The user name that goes with the secret, for Basic.
    pub username: Option<String>,
    /// The secret.
    pub secret: String,
}

/// Makes a credential. Where the profile allows one at a time, those before it end at once.
pub fn issue_credential(ports: &Ports<'_>, request: CredentialRequest) -> Result<Issued, Problem> {
    let (profile, policy) = policy(ports)?;
    let group = match &request.target_group {
        Some(group) => Some(assignments::group_to_go_into(ports, group)?),
        None => None,
    };
    let mut writes = vec![Write::Expect(profile.key, profile.version)];
    if policy.credentials.single {
        // Two that are made at once do not know of each other: only one of them is the next in this
        // order.
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

/// The profile and what it means.
pub(super) fn policy(ports: &Ports<'_>) -> Result<(Entry, std::sync::Arc<Policy>), Problem> {
    let [profile] = entries(ports, [profile::key()])?;
    let profile = profile.ok_or_else(|| {
        Problem::Refused("the tenant has no profile yet; configure it first".into())
    })?;
    let policy = Policy::from_document(&profile.body)?;
    Ok((profile, policy))
}

/// A credential that is to be, and the writes that make it.
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

/// Basic shows the two parts of a secret apart.
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

/// Ends all credentials that are good.
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

/// What happened to a credential, and what it is good for then.
fn noted(name: &str, key: &Key, credential: &Credential) -> Write {
    let Credential { scheme, scopes, role, expires, .. } = credential;
    let expires = expires.map(|milliseconds| milliseconds / 1000);
    let data = json!({"scheme": scheme, "scopes": scopes, "role": role, "expires": expires});
    audit::noted(name, Some(key), &data)
}

/// A new secret in place of the old one, which is refused from then on, or after the overlap that
/// the profile allows.
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
    let expected = Write::Expect(profile.key, profile.version);
    let replaced = put(entry.key, body(&credential)?, Some(entry.version));
    commit(ports, vec![expected, replaced, event])?;
    let listed =
        ListedCredential { id: id.to_owned(), created: entry.created, last_used: None, credential };
    Ok(shown(listed, secret))
}

/// Revokes a credential; once more is no problem.
pub fn revoke_credential(ports: &Ports<'_>, id: &str) -> Result<(), Problem> {
    let (entry, old) = load(ports, id)?;
    if old.revoked.is_some() {
        return Ok(());
    }
    let revoked = revocation(ports, entry.key, entry.version, old)?;
    commit(ports, revoked.into())?;
    Ok(())
}

/// All credentials in the order of creation.
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
