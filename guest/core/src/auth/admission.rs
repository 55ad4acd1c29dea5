//! Authentication of clients: RFC 7644 section 2. The credential and the profile that admitted a
//! request are `expect`ed by every commit of that request, so that revocation and profile changes
//! are ordered with writes.

use std::sync::Arc;

use serde::Serialize;

use super::credential::{self, Credential, Presented};
use super::scope::Scopes;
use super::token;
use crate::error::{Error, ErrorKind};
use crate::index::{StoredIndexedPaths, index_key};
use crate::instant;
use crate::json;
use crate::port::{Caller, Level, Origin, Ports};
use crate::profile::{self, Policy};
use crate::store::{Draft, Entry, Write};

/// The result of authentication: the client and the tenant state that applies to its request.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The client's name in events: a credential's id, or a name that the embedder gave.
    pub actor: String,
    /// The tenant's policy.
    pub policy: Arc<Policy>,
    /// The indexed paths.
    pub index: StoredIndexedPaths,
    /// The scopes of the client.
    pub scopes: Scopes,
    /// The profile's role that the credential is bound to.
    pub role: Option<String>,
    /// The write that records the use of the credential; `None` if one was recorded within the
    /// hour.
    pub first_use: Option<Write>,
    /// The id of the group that users created by this client are added to.
    pub target_group: Option<String>,
    /// The expectations that every commit of the request must include.
    pub expectations: Vec<Write>,
}

/// Authenticates the client; the reason for a refusal goes to the journal only. [`super::pass`]
/// decides whether the client may do anything.
///
/// # Errors
/// 401 without a valid credential.
pub fn admit(
    ports: &Ports<'_>,
    origin: &Origin,
    authorization: Option<&str>,
) -> Result<Admission, Error> {
    match &origin.caller {
        Caller::Unknown => by_credential(ports, origin, authorization),
        Caller::Client(name) => vouched(ports, format!("client:{name}")),
        Caller::User(id) => vouched(ports, format!("user:{id}")),
        Caller::Product => vouched(ports, "admin".to_owned()),
    }
}

/// Checks that an admitted client may do what a scope names, for endpoints that the embedder serves
/// itself.
///
/// # Errors
/// 403 if the client does not have the scope.
pub fn require(origin: &Origin, admission: &Admission, scope: &str) -> Result<(), Error> {
    let allowed = match &origin.caller {
        Caller::Unknown => scope.parse().is_ok_and(|scope| admission.scopes.name(scope)),
        // The embedder decides which of its own clients may do this.
        Caller::Client(_) | Caller::Product => true,
        Caller::User(_) => false,
    };
    if allowed {
        return Ok(());
    }
    let detail = format!("this needs a credential with the scope `{scope}`");
    Err(Error::new(ErrorKind::Forbidden, detail))
}

/// Admits a caller that the embedder has authenticated.
fn vouched(ports: &Ports<'_>, actor: String) -> Result<Admission, Error> {
    let found = ports.store.get(vec![profile::key(), index_key()])?;
    let mut found = found.into_iter();
    let (profile, index) = (found.next().flatten(), found.next().flatten());
    admission(actor, profile, index)
}

fn by_credential(
    ports: &Ports<'_>,
    origin: &Origin,
    authorization: Option<&str>,
) -> Result<Admission, Error> {
    let authorization =
        authorization.ok_or_else(|| unauthorized(ports, "no Authorization header"))?;
    let Some(presented) = credential::presented(authorization) else {
        return match token::presented(authorization) {
            Some(token) => by_token(ports, token),
            None => Err(unauthorized(ports, "no secret of ours, or a mistyped one")),
        };
    };
    let id = presented.id.as_str();
    let keys = vec![profile::key(), index_key(), credential::key(id), credential::used_key(id)];
    let mut found = ports.store.get(keys)?.into_iter();
    let (profile, index) = (found.next().flatten(), found.next().flatten());
    let (entry, used) = (found.next().flatten(), found.next().flatten());
    let kept = entry.as_ref().and_then(|entry| json::from_str::<Credential>(&entry.body).ok());
    let kept = verified(ports, origin, &presented, kept)?;
    let mut admission = admission(presented.id.clone(), profile, index)?;
    if let Some(entry) = entry {
        let expectation = Write::expect(entry.key, entry.version);
        admission.expectations.push(expectation);
    }
    admission.first_use = first_use(ports, id, used);
    admission.scopes = kept.scopes;
    admission.role = kept.role;
    admission.target_group = kept.target_group;
    Ok(admission)
}

/// Admits a client by an access token from one of the profile's authorization servers.
fn by_token(ports: &Ports<'_>, token: &str) -> Result<Admission, Error> {
    let mut found = ports.store.get(vec![profile::key(), index_key()])?.into_iter();
    let (profile, index) = (found.next().flatten(), found.next().flatten());
    let refused = |why: &str| unauthorized(ports, &format!("access token: {why}"));
    if profile.is_none() {
        return Err(refused("the tenant has no profile"));
    }
    let mut admission = admission(String::new(), profile, index)?;
    let accepted = token::accept(&admission.policy, token, ports.clock.now()).map_err(refused)?;
    admission.role = accepted.role;
    admission.actor = format!("token:{}", accepted.client);
    admission.scopes = accepted.scopes;
    Ok(admission)
}

/// Returns the credential if the presented secret belongs to it and is currently valid.
fn verified(
    ports: &Ports<'_>,
    origin: &Origin,
    presented: &Presented,
    kept: Option<Credential>,
) -> Result<Credential, Error> {
    let now = ports.clock.now();
    // The comparison also runs for an unknown id, so that timing does not reveal which ids exist.
    let digest = |credential: &Option<Credential>| {
        credential.as_ref().map_or(String::new(), |c| c.digest.clone())
    };
    let matches = presented.matches(&digest(&kept));
    let refused = |why: &str| unauthorized(ports, &format!("credential `{}`: {why}", presented.id));
    let kept = kept.ok_or_else(|| refused("there is none"))?;
    let previous = kept.previous.as_ref();
    let previous = previous.filter(|previous| presented.matches(&previous.digest));
    if !matches && previous.is_none() {
        return Err(refused("wrong secret"));
    }
    if presented.tenant != origin.tenant {
        return Err(refused("it is another tenant's"));
    }
    if presented.scheme != kept.scheme {
        return Err(refused("it is for another scheme"));
    }
    if kept.revoked.is_some() {
        return Err(refused("it is revoked"));
    }
    if previous.is_some_and(|previous| previous.until <= now) {
        return Err(refused("its secret was rotated"));
    }
    if let Some(expired) = kept.expires.filter(|expires| *expires <= now) {
        refused(token::EXPIRED);
        let detail = format!(
            "the credential has expired on {}; an administrator has to make a new one",
            instant::format(expired)
        );
        return Err(Error::new(ErrorKind::Unauthorized, detail));
    }
    Ok(kept)
}

fn admission(
    actor: String,
    profile: Option<Entry>,
    index: Option<Entry>,
) -> Result<Admission, Error> {
    let Some(profile) = profile else {
        return Err(Error::new(ErrorKind::Forbidden, "this tenant has not been set up yet"));
    };
    let policy = Policy::from_document(&profile.body)
        .map_err(|error| Error::internal(format!("the stored profile is unusable: {error}")))?;
    Ok(Admission {
        actor,
        policy,
        index: StoredIndexedPaths::new(index),
        scopes: Scopes::default(),
        role: None,
        first_use: None,
        target_group: None,
        expectations: vec![Write::expect(profile.key, profile.version)],
    })
}

/// The only response to invalid credentials of any kind; the journal has the reason.
fn unauthorized(ports: &Ports<'_>, why: &str) -> Error {
    ports.journal.write(Level::Warn, "access", &format!("refused: {why}"));
    Error::new(ErrorKind::Unauthorized, "a valid credential is required")
}

/// The body of the entry that records when a credential was last used.
#[derive(Serialize)]
pub(crate) struct Use {
    /// Milliseconds since 1970.
    pub(crate) at: u64,
}

json::decode_struct!(open Use {
    at: "at",
});

/// Milliseconds in an hour.
const HOUR: u64 = 60 * 60 * 1000;

/// Returns the recorded precision of a last use: the beginning of its hour, in milliseconds since
/// 1970.
pub(crate) fn hour_of(at: u64) -> u64 {
    at - at % HOUR
}

/// Returns the write that records the use of a credential, if it is the first in the current hour.
fn first_use(ports: &Ports<'_>, id: &str, used: Option<Entry>) -> Option<Write> {
    let now = ports.clock.now();
    let last = used.as_ref().and_then(|entry| json::from_str::<Use>(&entry.body).ok());
    if last.is_some_and(|last| hour_of(now) <= hour_of(last.at)) {
        return None;
    }
    let draft = Draft {
        key: credential::used_key(id),
        body: serde_json::to_string(&Use { at: now }).ok()?,
        terms: Vec::new(),
    };
    Some(match used {
        Some(entry) => Write::replace(draft, entry.version),
        None => Write::Insert(draft),
    })
}

/// Records the use of a credential. Failures are ignored, since a concurrent request may be
/// recording the same hour.
pub fn note_use(ports: &Ports<'_>, admission: &mut Admission) {
    let Some(write) = admission.first_use.take() else {
        return;
    };
    let now = ports.clock.now();
    if let Err(rejection) = ports.store.commit(now, &admission.actor, vec![write]) {
        let text = format!("the use of a credential is not noted: {}", rejection.reason);
        ports.journal.write(Level::Debug, "access", &text);
    }
}
