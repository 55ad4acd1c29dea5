//! What the embedding application may do to a tenant (wit/admin.wit). No SCIM client can reach it.

use std::collections::BTreeMap;

use serde_json::json;

use super::{audit, secret, update};
use crate::access::{Index, index_key};
use crate::credential::{self, Credential};
use crate::port::Ports;
use crate::profile::{self, Policy};
use crate::schema::Content;
use crate::store::{Draft, Entry, Key, Query, Refusal, Window, Write};
use crate::text;
use crate::webhook::Webhook;

/// Who events name as the cause of what is done here.
const ACTOR: &str = "admin";
/// Credentials read in one call.
const PAGE: u32 = 500;

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nothing has this id.
    #[error("there is none of this id")]
    NotFound,
    /// Somebody else changed it meanwhile.
    #[error("it was changed meanwhile; read it and try again")]
    Stale,
    /// An argument is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Not in this state.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error("{0}")]
    Unavailable(String),
}

/// What a credential is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRequest {
    /// The tenant's name.
    pub tenant: String,
    /// For the operator's eyes.
    pub label: String,
    /// How clients present it.
    pub scheme: String,
    /// Seconds; `None` for no expiry.
    pub lifetime_seconds: Option<u64>,
    /// Of [`credential::SCOPES`]; empty for everything but `events`.
    pub scopes: Vec<String>,
}

/// A credential without its secret. Times are milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Names it.
    pub id: String,
    /// When it was first issued.
    pub created: u64,
    /// Everything else.
    pub credential: Credential,
}

/// A credential with its secret, which is shown once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// The credential.
    pub listed: Listed,
    /// The secret.
    pub secret: String,
}

/// Sets the tenant's profile and returns its version. Paths that were not indexed before are not asked of the store until
/// they are complete; in a new tenant all are. Makes the tenant's secret if it has none.
pub fn configure(ports: &Ports<'_>, profile: &str, expected: Option<u64>) -> Result<u64, Problem> {
    let policy =
        Policy::from_document(profile).map_err(|error| Problem::Invalid(error.to_string()))?;
    let keys = [profile::key(), index_key(), secret::key()];
    let [old, index, secret] = entries(ports, keys)?;
    let version = old.as_ref().map(|entry| entry.version);
    if expected.is_some() && expected != version {
        return Err(Problem::Stale);
    }
    let kept = index
        .as_ref()
        .and_then(|entry| serde_json::from_str(&entry.body).ok());
    let indexed = indexed(&policy, old.as_ref().map(|_| kept.unwrap_or_default()));
    let indexed =
        serde_json::to_string(&indexed).map_err(|e| Problem::Unavailable(e.to_string()))?;
    let mut writes = vec![
        put(profile::key(), profile.to_owned(), version),
        put(index_key(), indexed, index.map(|entry| entry.version)),
    ];
    if secret.is_none() {
        writes.push(put(secret::key(), secret::fresh(ports), None));
    }
    let before = old.as_ref().map(|entry| entry.body.as_str());
    let changed = json!({ "attributes": members_differing(before.unwrap_or("{}"), profile) });
    writes.push(audit::noted("profile-changed", None, &changed));
    let versions = commit(ports, writes)?;
    let version = versions.into_iter().find(|(key, _)| *key == profile::key());
    Ok(version.map_or(1, |(_, version)| version))
}

/// The members of a profile that differ, by name: their values hold the secrets of webhooks.
fn members_differing(before: &str, after: &str) -> Vec<String> {
    let parse = |text| serde_json::from_str::<Content>(text).unwrap_or_default();
    update::names_differing(&parse(before), &parse(after), |_| true, "")
}

/// The profile as it was set, and its version.
pub fn profile(ports: &Ports<'_>) -> Result<(String, u64), Problem> {
    let [entry] = entries(ports, [profile::key()])?;
    entry
        .map(|entry| (entry.body, entry.version))
        .ok_or(Problem::NotFound)
}

/// Where the tenant's events are to be sent.
pub fn webhooks(ports: &Ports<'_>) -> Result<Vec<Webhook>, Problem> {
    let (profile, _) = profile(ports)?;
    let policy = Policy::from_document(&profile);
    let policy = policy.map_err(|error| Problem::Refused(error.to_string()))?;
    Ok(policy.webhooks.clone())
}

/// Makes a credential.
pub fn issue_credential(ports: &Ports<'_>, request: CredentialRequest) -> Result<Issued, Problem> {
    check_request(&request)?;
    let [profile] = entries(ports, [profile::key()])?;
    let Some(profile) = profile else {
        return Err(Problem::Refused(
            "the tenant has no profile yet; configure it first".into(),
        ));
    };
    let now = ports.clock.now();
    let id = credential::new_id(ports);
    let secret = credential::new_secret(ports, &request.tenant, &id);
    let lifetime = request
        .lifetime_seconds
        .map(|seconds| seconds.saturating_mul(1000));
    let credential = Credential {
        tenant: request.tenant,
        label: request.label,
        scheme: request.scheme,
        digest: credential::digest(&secret),
        lifetime,
        expires: lifetime.map(|lifetime| now.saturating_add(lifetime)),
        revoked: None,
        scopes: request.scopes,
    };
    let key = credential::key(&id);
    let event = noted("credential-issued", &key, &credential);
    let draft = put(key, body(&credential)?, None);
    let expected = Write::Expect(profile.key, profile.version);
    commit(ports, vec![expected, draft, event])?;
    Ok(Issued {
        listed: Listed {
            id,
            created: now,
            credential,
        },
        secret,
    })
}

fn check_request(request: &CredentialRequest) -> Result<(), Problem> {
    if request.scheme != "bearer" {
        return Err(Problem::Invalid(format!(
            "`scheme` must be `bearer`, not `{}`",
            request.scheme
        )));
    }
    if !credential::is_tenant_name(&request.tenant) {
        let text = "`tenant` must be 1 to 63 of a-z, 0-9 and -";
        return Err(Problem::Invalid(text.into()));
    }
    if request.lifetime_seconds == Some(0) {
        return Err(Problem::Invalid("`lifetime-seconds` must not be 0".into()));
    }
    let is_known = |scope: &&String| credential::SCOPES.contains(&scope.as_str());
    if let Some(unknown) = request.scopes.iter().find(|scope| !is_known(scope)) {
        let known = credential::SCOPES.join(", ");
        return Err(Problem::Invalid(format!(
            "`scopes`: there is no scope `{unknown}`, but {known}"
        )));
    }
    Ok(())
}

/// A new secret in place of the old one, which is refused from then on.
pub fn rotate_credential(ports: &Ports<'_>, id: &str) -> Result<Issued, Problem> {
    let (entry, old) = load(ports, id)?;
    if old.revoked.is_some() {
        return Err(Problem::Refused(
            "the credential is revoked; issue a new one".into(),
        ));
    }
    let secret = credential::new_secret(ports, &old.tenant, id);
    let now = ports.clock.now();
    let expires = old.lifetime.map(|lifetime| now.saturating_add(lifetime));
    let credential = Credential {
        digest: credential::digest(&secret),
        expires,
        ..old
    };
    let event = noted("credential-rotated", &entry.key, &credential);
    let draft = put(entry.key, body(&credential)?, Some(entry.version));
    commit(ports, vec![draft, event])?;
    let listed = Listed {
        id: id.to_owned(),
        created: entry.created,
        credential,
    };
    Ok(Issued { listed, secret })
}

/// Revokes a credential; once more is no problem.
pub fn revoke_credential(ports: &Ports<'_>, id: &str) -> Result<(), Problem> {
    let (entry, old) = load(ports, id)?;
    if old.revoked.is_some() {
        return Ok(());
    }
    let credential = Credential {
        revoked: Some(ports.clock.now()),
        ..old
    };
    let event = noted("credential-revoked", &entry.key, &credential);
    let draft = put(entry.key, body(&credential)?, Some(entry.version));
    commit(ports, vec![draft, event])?;
    Ok(())
}

/// What happened to a credential, and what it is good for then.
fn noted(name: &str, key: &Key, credential: &Credential) -> Write {
    let Credential {
        scheme,
        scopes,
        expires,
        ..
    } = credential;
    let expires = expires.map(|milliseconds| milliseconds / 1000);
    let data = json!({"scheme": scheme, "scopes": scopes, "expires": expires});
    audit::noted(name, Some(key), &data)
}

/// All credentials in the order of creation.
pub fn credentials(ports: &Ports<'_>) -> Result<Vec<Listed>, Problem> {
    let mut listed = Vec::new();
    let mut window = Window::Offset(0);
    loop {
        let query = Query {
            kind: credential::KIND.to_owned(),
            filter: Vec::new(),
            order: None,
            window,
            limit: PAGE,
            count: false,
        };
        let page = ports.store.find(query).map_err(problem)?;
        let full = u32::try_from(page.hits.len()).is_ok_and(|n| n >= PAGE);
        let last = page.hits.last().map(|(_, position)| position.clone());
        for (entry, _) in page.hits {
            let credential = parse(&entry)?;
            listed.push(Listed {
                id: entry.key.id,
                created: entry.created,
                credential,
            });
        }
        match last {
            Some(position) if full => window = Window::After(position),
            _ => return Ok(listed),
        }
    }
}

/// Which paths are complete under a policy: in a new tenant all that it indexes, else those of them that were.
fn indexed(policy: &Policy, kept: Option<Index>) -> Index {
    let of_type = |of: &crate::resource_type::ResourceType| {
        let wanted = of.index().iter().map(ToString::to_string);
        let paths = match &kept {
            None => wanted.collect(),
            Some(kept) => wanted
                .filter(|path| kept.complete(of.name()).contains(path))
                .collect(),
        };
        (of.name().to_owned(), paths)
    };
    let paths: BTreeMap<String, Vec<String>> =
        policy.registry.types().iter().map(of_type).collect();
    Index {
        normalisation: text::NORMALISATION,
        paths,
    }
}

fn load(ports: &Ports<'_>, id: &str) -> Result<(Entry, Credential), Problem> {
    let [entry] = entries(ports, [credential::key(id)])?;
    let entry = entry.ok_or(Problem::NotFound)?;
    let credential = parse(&entry)?;
    Ok((entry, credential))
}

fn parse(entry: &Entry) -> Result<Credential, Problem> {
    serde_json::from_str(&entry.body)
        .map_err(|error| Problem::Unavailable(format!("{} has a broken body: {error}", entry.key)))
}

fn body(credential: &Credential) -> Result<String, Problem> {
    serde_json::to_string(credential).map_err(|error| Problem::Unavailable(error.to_string()))
}

/// An insert, or a replacement of a known version.
fn put(key: Key, body: String, version: Option<u64>) -> Write {
    let draft = Draft {
        key,
        body,
        terms: Vec::new(),
    };
    match version {
        None => Write::Insert(draft),
        Some(version) => Write::Replace(draft, version),
    }
}

fn entries<const N: usize>(
    ports: &Ports<'_>,
    keys: [Key; N],
) -> Result<[Option<Entry>; N], Problem> {
    let found = ports.store.get(keys.into()).map_err(problem)?;
    found
        .try_into()
        .map_err(|_| Problem::Unavailable("the store answered short".into()))
}

fn commit(ports: &Ports<'_>, writes: Vec<Write>) -> Result<Vec<(Key, u64)>, Problem> {
    let outcome = ports.store.commit(ports.clock.now(), ACTOR, writes);
    outcome.map_err(|rejection| problem(rejection.reason))
}

fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Taken(_) | Refusal::Stale(_) | Refusal::Missing(_) => Problem::Stale,
        other @ (Refusal::OverCeiling(_)
        | Refusal::TooMany(_)
        | Refusal::Invalid(_)
        | Refusal::Unavailable(_)) => Problem::Unavailable(other.to_string()),
    }
}
