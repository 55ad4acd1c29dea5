//! Who may come in: RFC 7644 section 2. The credential and the profile that let a request in are
//! `expect`ed by everything it commits, so that revocation and profile changes are ordered with
//! writes.

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

/// What a request was let in with.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Who asks, in events: a credential's id, or a name that the embedder gave.
    pub actor: String,
    /// The tenant's policy.
    pub policy: Arc<Policy>,
    /// Which paths are indexed.
    pub index: StoredIndexedPaths,
    /// What the client may do.
    pub scopes: Scopes,
    /// The role of the profile that its credential is bound to.
    pub role: Option<String>,
    /// The write that notes the use of the credential, where none was noted within the hour.
    pub first_use: Option<Write>,
    /// The id of the group that those go into whom the client makes.
    pub target_group: Option<String>,
    /// What every commit has to expect.
    pub expectations: Vec<Write>,
}

/// Finds out who asks: 401 to whoever presents no good credential, more to the journal. Whether
/// they may do anything, [`super::pass`] says.
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

/// Whether who was let in may do what the scope names, for what an embedder serves itself; 403 to
/// whom it was not given.
pub fn require(origin: &Origin, admission: &Admission, scope: &str) -> Result<(), Error> {
    let allowed = match &origin.caller {
        Caller::Unknown => scope.parse().is_ok_and(|scope| admission.scopes.name(scope)),
        // Which of its clients may do what, the embedder knows.
        Caller::Client(_) | Caller::Product => true,
        Caller::User(_) => false,
    };
    if allowed {
        return Ok(());
    }
    let detail = format!("this needs a credential with the scope `{scope}`");
    Err(Error::new(ErrorKind::Forbidden, detail))
}

/// Somebody whom the embedder has authenticated.
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
        let expectation = Write::Expect(entry.key, entry.version);
        admission.expectations.push(expectation);
    }
    admission.first_use = first_use(ports, id, used);
    admission.scopes = kept.scopes;
    admission.role = kept.role;
    admission.target_group = kept.target_group;
    Ok(admission)
}

/// A client whom an authorization server of the profile's has given a token.
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

/// The credential, if what was presented is its secret and it is good now.
fn verified(
    ports: &Ports<'_>,
    origin: &Origin,
    presented: &Presented,
    kept: Option<Credential>,
) -> Result<Credential, Error> {
    let now = ports.clock.now();
    // Compared also where nothing is kept, so that the time taken tells nobody which ids there are.
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
        expectations: vec![Write::Expect(profile.key, profile.version)],
    })
}

/// One answer for all bad credentials; the journal knows the difference.
fn unauthorized(ports: &Ports<'_>, why: &str) -> Error {
    ports.journal.write(Level::Warn, "access", &format!("refused: {why}"));
    Error::new(ErrorKind::Unauthorized, "a valid credential is required")
}

/// When a credential was last used.
#[derive(Serialize)]
pub(crate) struct Use {
    /// Milliseconds since 1970.
    pub(crate) at: u64,
}

json::decode_struct!(open Use {
    at: "at",
});

/// Milliseconds of an hour.
const HOUR: u64 = 60 * 60 * 1000;

/// When a credential was last used as far as it is known: the beginning of the hour, in
/// milliseconds since 1970.
pub(crate) fn hour_of(at: u64) -> u64 {
    at - at % HOUR
}

/// What notes the use of a credential, if it is the first in this hour of the clock.
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
        Some(entry) => Write::Replace(draft, entry.version),
        None => Write::Insert(draft),
    })
}

/// Notes the use of a credential. Whether that succeeds matters to nobody: others may be doing the
/// same.
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
