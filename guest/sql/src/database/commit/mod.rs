//! `commit` in one transaction, with few answers to wait for:
//!
//! 1. [`load`](load::load) locks and loads what the writes name, in one list of statements;
//! 2. [`Change::of`] applies the writes in memory;
//! 3. [`write`](write::write) writes terms, links and entries, in a second list, which ends with
//!    the lock of the tenant's row;
//! 4. [`finish`](finish::finish) writes what all commits of a tenant change, in a third list.

mod events;
mod finish;
mod load;
mod queries;
mod statements;
mod write;

use scimlet_store::{Committed, Refusal, Rejection, Write, issuers, validate};

use super::connection::{Connection, Failure, Mode, rows, within};
use super::row::Row;
use crate::commit::{Change, LockPlan};
use crate::{Dialect, Sql, null_character};

/// How often a commit that collided with another one is run again.
const RETRIES: u32 = 8;

/// A commit of one tenant.
pub(super) struct Commit<'a> {
    /// The tenant's name.
    pub(super) tenant: &'a str,
    /// Milliseconds since 1970.
    pub(super) at: u64,
    /// The actor.
    pub(super) actor: &'a str,
}

/// Where the writes of a commit come from.
pub(super) enum Source<'a> {
    /// They are known.
    Given(&'a [Write]),
    /// They are made in the transaction.
    Prepared(&'a mut dyn FnMut() -> Result<Vec<Write>, Rejection>),
}

/// Why a commit was not completed.
enum Stop {
    /// Refused by the store's contract, or by the caller.
    Rejected(Rejection),
    /// The database failed.
    Failed(Failure),
    /// Another commit changed an entry that this one expects; it has to be checked again.
    Conflict,
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Stop {
        Stop::Rejected(rejection)
    }
}

impl From<Refusal> for Stop {
    fn from(reason: Refusal) -> Stop {
        Stop::Rejected(Rejection { write: 0, reason })
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failed(failure)
    }
}

impl Stop {
    /// Whether the commit may succeed if it is run again.
    fn may_retry(&self) -> bool {
        matches!(self, Stop::Conflict | Stop::Failed(Failure::Again(_)))
    }

    fn into_rejection(self) -> Rejection {
        let reason = match self {
            Stop::Rejected(rejection) => return rejection,
            Stop::Failed(Failure::Unknown(why)) => Refusal::Unavailable(why),
            Stop::Failed(Failure::Failed(why) | Failure::Again(why)) => Refusal::NotDone(why),
            Stop::Conflict => Refusal::NotDone("other commits were always faster".into()),
        };
        Rejection { write: 0, reason }
    }
}

/// Runs a commit, and runs it again if it collides with another one.
pub(super) fn run(
    connection: &impl Connection,
    commit: &Commit<'_>,
    mut source: Source<'_>,
) -> Result<Committed, Rejection> {
    let mut collisions = 0;
    loop {
        let attempt = within(connection, Mode::Write, || match &mut source {
            Source::Given(writes) => apply(connection, commit, writes),
            Source::Prepared(prepare) => apply(connection, commit, &prepare()?),
        });
        match attempt {
            Ok(committed) => return Ok(committed),
            Err(stop) if stop.may_retry() && collisions < RETRIES => collisions += 1,
            Err(stop) => return Err(stop.into_rejection()),
        }
    }
}

fn apply(
    connection: &impl Connection,
    commit: &Commit<'_>,
    writes: &[Write],
) -> Result<Committed, Stop> {
    validate::commit(commit.at, commit.actor, writes)?;
    null_character::refuse(commit.actor, writes)?;
    let plan = LockPlan::of(writes);
    let loaded = load::load(connection, commit.tenant, &plan, writes)?;
    judge_issuers(connection, loaded.tenant, writes)?;
    let (change, fault) = Change::of(writes, loaded.before)?;
    let target = write::Target { tenant: loaded.tenant, rows: loaded.rows };
    let at = i64::try_from(commit.at).unwrap_or(i64::MAX);
    let end = write::write(connection, &target, at, &change, fault)?;
    let at = finish::finish(connection, target.tenant, (at, commit.actor), &change, end)?;
    Ok(Committed { at, versions: change.versions() })
}

/// Refuses a commit that would give the tenant an issuer of another tenant. Only one such commit at
/// a time holds the lock, so that the next one sees its effect; other commits do not wait.
fn judge_issuers(connection: &impl Connection, tenant: i64, writes: &[Write]) -> Result<(), Stop> {
    let Some(given) = issuers::given(writes) else {
        return Ok(());
    };
    if connection.dialect() == Dialect::Postgres {
        // An update and no lock alone: a snapshot that is too old for what another tenant's commit
        // has changed fails here.
        rows(connection, Sql::new("UPDATE scimlet_schema SET version = version"))?;
    }
    let sql = "SELECT t.name, t.id, e.body
               FROM scimlet_kind k JOIN scimlet_tenant t ON t.id = k.tenant
               JOIN scimlet_entry e ON e.kind = k.id
               WHERE k.name = ?
               AND (e.body LIKE '%access-tokens%' OR e.body LIKE '%\\%' ESCAPE '|')";
    let sql = Sql::new(sql).bind(issuers::PROFILE_KIND.to_owned());
    let kept = |mut row: Row| -> Result<issuers::Kept, Refusal> {
        let name = row.text()?;
        let is_own = row.integer()? == tenant;
        Ok(issuers::Kept { tenant: name, is_own, document: row.text()? })
    };
    let kept: Result<Vec<_>, _> = rows(connection, sql)?.into_iter().map(kept).collect();
    match issuers::conflict(&given, kept?) {
        None => Ok(()),
        Some(conflict) => Err(Rejection::from(conflict).into()),
    }
}
