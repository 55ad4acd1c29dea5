//! `commit`, in four steps: collect what the writes name ([`LockPlan`]), lock and load that
//! ([`load`]), apply the writes in memory ([`Change`]), and write the result
//! ([`write`](mod@write)). Loading and writing take a few statements, for any number of writes; the
//! other steps are in the crate `scimlet-sql`, and know no database.

mod counters;
mod events;
mod fields;
mod issuers;
mod load;
mod terms;
mod write;

use std::time::Duration;

use scimlet_sql::commit::{Change, LockPlan};
use tokio::time::sleep;

use super::Shared;
use super::error::{PostgresError, PostgresResult};
use super::session::{Scope, Session};
use crate::cpu_scheduler::CpuScheduler;
use crate::store::{Committed, Refusal, Rejection, StoreId, Write, deleted, not_done};

/// How often a commit that collided with another one is run again.
const RETRIES: u32 = 8;

/// One commit: time in milliseconds, actor and writes.
pub(super) struct Commit {
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) writes: Vec<Write>,
    /// Whether it has at least [`limits::LARGE_COMMIT`](crate::store::limits::LARGE_COMMIT) bytes.
    pub(super) is_large: bool,
}

/// Why a commit was not completed.
enum Stop {
    /// Refused by the store's contract.
    Rejected(Rejection),
    /// The database failed; nothing was committed.
    Failed(PostgresError),
    /// The database failed during COMMIT: whether it was committed is unknown.
    Unknown(PostgresError),
    /// Another commit changed an entry that this one expects; it has to be checked again.
    Conflict,
}

impl Stop {
    /// Whether the commit may succeed if it is run again.
    fn may_retry(&self) -> bool {
        match self {
            Stop::Rejected(_) | Stop::Unknown(_) => false,
            Stop::Failed(fault) => fault.is_collision(),
            Stop::Conflict => true,
        }
    }

    fn into_rejection(self) -> Rejection {
        let reason = match self {
            Stop::Rejected(rejection) => return not_done(rejection),
            Stop::Failed(fault) => {
                let reason = fault.into();
                return not_done(Rejection { write: 0, reason });
            }
            Stop::Unknown(fault) => fault.into(),
            Stop::Conflict => Refusal::NotDone("other commits were always faster".into()),
        };
        Rejection { write: 0, reason }
    }
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Stop {
        Stop::Rejected(rejection)
    }
}

impl From<PostgresError> for Stop {
    fn from(fault: PostgresError) -> Stop {
        Stop::Failed(fault)
    }
}

/// The outcome of a successful commit.
struct Done {
    committed: Committed,
    /// Whether there is garbage to sweep.
    garbage: bool,
}

/// Runs a commit, and runs it again if it collides with another one.
pub(super) async fn run(
    shared: &Shared,
    tenant: i64,
    commit: &Commit,
) -> Result<Committed, Rejection> {
    let mut collisions = 0;
    loop {
        match attempt(shared, tenant, commit).await {
            Ok(done) => {
                if done.garbage {
                    shared.garbage.notify_one();
                }
                return Ok(done.committed);
            }
            Err(stop) if stop.may_retry() && collisions < RETRIES => {
                collisions += 1;
                sleep(pause(collisions)).await;
            }
            Err(stop) => return Err(stop.into_rejection()),
        }
    }
}

/// A random pause that grows with each collision: at most 11 ms times `collisions`.
fn pause(collisions: u32) -> Duration {
    let mut random = [0];
    // Without random bytes all pauses are equal, which is slower but still correct.
    let _ = getrandom::fill(&mut random);
    let [random] = random;
    Duration::from_micros(u64::from(collisions) * (500 + 40 * u64::from(random)))
}

async fn attempt(shared: &Shared, tenant: i64, commit: &Commit) -> Result<Done, Stop> {
    let session = Session::write(&shared.pool, Scope::Tenant(tenant)).await?;
    match apply(shared, &session, tenant, commit).await {
        Ok(done) => {
            session.commit().await.map_err(|fault| match fault.is_certain() {
                true => Stop::Failed(fault),
                false => Stop::Unknown(fault),
            })?;
            Ok(done)
        }
        Err(stop) => {
            // If this fails too, the connection is closed and the transaction ends with it.
            drop(session.roll_back().await);
            Err(stop)
        }
    }
}

async fn apply(
    shared: &Shared,
    session: &Session,
    tenant: i64,
    commit: &Commit,
) -> Result<Done, Stop> {
    is_there(session, tenant).await?;
    issuers::judge(session, tenant, &commit.writes).await?;
    let loaded = load::load(session, tenant, &LockPlan::of(&commit.writes)).await?;
    let (change, fault) = Change::of(&commit.writes, loaded)?;
    let computes_here = commit.is_large && shared.pool.is_local();
    let id = StoreId::new(shared.number, tenant.unsigned_abs());
    let _computing = computes_here.then(|| CpuScheduler::all().elsewhere(id));
    write::write(session, tenant, commit, change, fault).await
}

/// Refuses a tenant that was deleted. The lock at the end of the commit checks it again.
async fn is_there(session: &Session, tenant: i64) -> PostgresResult<()> {
    let sql = "SELECT 1 FROM scimlet_tenant WHERE id = $1";
    if session.rows(sql, &[&tenant]).await?.is_empty() {
        return Err(deleted().into());
    }
    Ok(())
}
