//! Who may come in: RFC 7644 section 2. The credential and the profile that let a request in are `expect`ed by everything it
//! commits, so that revocation and profile changes are ordered with writes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::credential::{self, Credential};
use crate::error::{Error, ErrorKind};

use crate::port::{Caller, Level, Origin, Ports};
use crate::profile::{self, Policy};
use crate::store::{Entry, Key, Write};
use crate::text;

/// Where it is kept which paths are indexed.
#[must_use]
pub fn index_key() -> Key {
    Key::new("$index", "current")
}

/// The body of the entry `$index`: which paths have the terms of every entry of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// The [`text::NORMALISATION`] that the terms were made by.
    pub normalisation: u32,
    /// The complete paths of each kind.
    pub paths: std::collections::BTreeMap<String, Vec<String>>,
}

impl Index {
    /// The paths of this kind that can be asked of the store now.
    #[must_use]
    pub fn complete(&self, kind: &str) -> &[String] {
        let present = self.normalisation == text::NORMALISATION;
        self.paths
            .get(kind)
            .filter(|_| present)
            .map_or(&[], Vec::as_slice)
    }
}

/// What a request was let in with.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Who asks, in events: a credential's id, or a name that the embedder gave.
    pub actor: String,
    /// The tenant's policy.
    pub policy: Arc<Policy>,
    /// Which paths are indexed.
    pub index: Index,
    /// What the credential is good for, as it says itself: empty for everything but `events`.
    pub scopes: Vec<String>,
    /// What every commit has to expect.
    pub expectations: Vec<Write>,
}

/// Lets a request in, or says why not: 401 to whoever presents no good credential, more to the journal.
pub fn admit(
    ports: &Ports<'_>,
    origin: &Origin,
    authorization: Option<&str>,
) -> Result<Admission, Error> {
    match &origin.caller {
        Caller::Unknown => by_credential(ports, origin, authorization),
        Caller::Client(name) => vouched(ports, format!("client:{name}")),
        Caller::User(id) => vouched(ports, format!("user:{id}")),
    }
}

/// Whether who was let in may do what the scope names, for what an embedder serves itself; 403 to whom it was not given.
pub fn require(origin: &Origin, admission: &Admission, scope: &str) -> Result<(), Error> {
    let allowed = match &origin.caller {
        Caller::Unknown => is_given(&admission.scopes, scope),
        // Which of its clients may do what, the embedder knows.
        Caller::Client(_) => true,
        Caller::User(_) => false,
    };
    if allowed {
        return Ok(());
    }
    let detail = format!("this needs a credential with the scope `{scope}`");
    Err(Error::new(ErrorKind::Forbidden, detail))
}

fn is_given(scopes: &[String], scope: &str) -> bool {
    match scopes {
        [] => scope != credential::EVENTS,
        scopes => scopes.iter().any(|given| given == scope),
    }
}

/// Somebody whom the embedder has authenticated.
fn vouched(ports: &Ports<'_>, actor: String) -> Result<Admission, Error> {
    let found = ports.store.get(vec![profile::key(), index_key()])?;
    let mut found = found.into_iter();
    let (profile, index) = (found.next().flatten(), found.next().flatten());
    admission(actor, profile, index, None)
}

fn by_credential(
    ports: &Ports<'_>,
    origin: &Origin,
    authorization: Option<&str>,
) -> Result<Admission, Error> {
    let authorization =
        authorization.ok_or_else(|| unauthorized(ports, "no Authorization header"))?;
    let presented = credential::presented(authorization)
        .ok_or_else(|| unauthorized(ports, "no bearer secret of ours, or a mistyped one"))?;
    let keys = vec![profile::key(), index_key(), credential::key(presented.id)];
    let mut found = ports.store.get(keys)?.into_iter();
    let (profile, index) = (found.next().flatten(), found.next().flatten());
    let entry = found.next().flatten();
    let kept = entry
        .as_ref()
        .and_then(|entry| serde_json::from_str::<Credential>(&entry.body).ok());
    // Compared also where nothing is kept, so that the time taken tells nobody which ids there are.
    let matches = presented.matches(kept.as_ref().map_or("", |kept| kept.digest.as_str()));
    let refused = |why: &str| unauthorized(ports, &format!("credential `{}`: {why}", presented.id));
    let (Some(entry), Some(kept)) = (entry, kept) else {
        return Err(refused("there is none"));
    };
    if !matches || presented.tenant != origin.tenant {
        return Err(refused(if matches {
            "it is another tenant's"
        } else {
            "wrong secret"
        }));
    }
    if kept.revoked.is_some() {
        return Err(refused("it is revoked"));
    }
    if kept
        .expires
        .is_some_and(|expires| expires <= ports.clock.now())
    {
        refused("it has expired");
        let detail = "the credential has expired; an administrator has to make a new one";
        return Err(Error::new(ErrorKind::Unauthorized, detail));
    }
    let admission = admission(presented.id.to_owned(), profile, index, Some(entry))?;
    Ok(Admission {
        scopes: kept.scopes,
        ..admission
    })
}

fn admission(
    actor: String,
    profile: Option<Entry>,
    index: Option<Entry>,
    credential: Option<Entry>,
) -> Result<Admission, Error> {
    let Some(profile) = profile else {
        return Err(Error::new(
            ErrorKind::Forbidden,
            "this tenant has not been set up yet",
        ));
    };
    let policy = Policy::from_document(&profile.body)
        .map_err(|error| Error::internal(format!("the stored profile is unusable: {error}")))?;
    let index = index
        .and_then(|entry| serde_json::from_str(&entry.body).ok())
        .unwrap_or_default();
    let admitted_by = [Some(profile), credential].into_iter().flatten();
    let expectations = admitted_by
        .map(|entry| Write::Expect(entry.key, entry.version))
        .collect();
    Ok(Admission {
        actor,
        policy,
        index,
        scopes: Vec::new(),
        expectations,
    })
}

/// One answer for all bad credentials; the journal knows the difference.
fn unauthorized(ports: &Ports<'_>, why: &str) -> Error {
    ports
        .journal
        .write(Level::Warn, "access", &format!("refused: {why}"));
    Error::new(ErrorKind::Unauthorized, "a valid bearer token is required")
}
