//! Tasks that are due without a request: announcing credentials that will expire.

use serde_json::json;

use super::super::write::event;
use super::{Problem, all, body, commit, credentials, parse, put};
use crate::auth::credential::{self, Credential};
use crate::instant;
use crate::port::Ports;
use crate::store::Entry;

/// Performs the due tasks, and returns when to call again at the latest, in milliseconds since
/// 1970; `None` if no task is scheduled.
///
/// # Errors
/// If the store fails.
pub fn maintain(ports: &Ports<'_>) -> Result<Option<u64>, Problem> {
    let (_, policy) = credentials::policy(ports)?;
    let Some(notice) = policy.credentials.notice else {
        return Ok(None);
    };
    let now = ports.clock.now();
    let mut next: Option<u64> = None;
    for entry in all(ports, credential::KIND)? {
        let credential: Credential = parse(&entry)?;
        let open = credential.revoked.is_none() && !credential.announced;
        let Some(expires) = credential.expires.filter(|expires| open && now < *expires) else {
            continue;
        };
        let due = expires.saturating_sub(notice.milliseconds());
        if due <= now {
            announce(ports, entry, credential, expires)?;
        } else {
            next = Some(next.map_or(due, |next| next.min(due)));
        }
    }
    Ok(next)
}

/// Announces the expiry once, in the commit that records the announcement.
fn announce(
    ports: &Ports<'_>,
    entry: Entry,
    credential: Credential,
    expires: u64,
) -> Result<(), Problem> {
    let data = json!({"label": credential.label, "expires": instant::format(expires)});
    let said = event::named("credential-expiring", Some(&entry.key), &data);
    let announced = Credential { announced: true, ..credential };
    let replaced = put(entry.key, body(&announced)?, Some(entry.version));
    match commit(ports, vec![replaced, said]) {
        // A concurrent call announces it, or the credential has changed: the next call checks
        // again.
        Ok(_) | Err(Problem::Stale) => Ok(()),
        Err(problem) => Err(problem),
    }
}
