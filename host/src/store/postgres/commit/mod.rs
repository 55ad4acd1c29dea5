//! `commit`, in four steps: collect what the writes name ([`lock_plan`]), lock and load that
//! ([`load`]), apply the writes in memory ([`change`], which asks nobody), and write what came out
//! ([`write`](mod@write)). Each step is a few statements, however many writes there are.

mod change;
mod events;
mod fields;
mod issuers;
mod links;
mod load;
mod lock_plan;
mod terms;
mod write;

use std::time::Duration;

use tokio::time::sleep;

use self::change::Change;
use self::lock_plan::LockPlan;
use super::Shared;
use super::error::{PostgresError, PostgresResult};
use super::session::{Scope, Session};
use crate::store::{Committed, Key, Refusal, Rejection, Write, deleted, not_done};

/// How often a commit is run again that got into another one's way.
const RETRIES: u32 = 8;

/// A key that sorts.
type Name = (String, String);

/// A link that sorts: source, name, target.
type LinkName = (Name, String, Name);

/// All links of one name that leave one entry.
type SetName = (Name, String);

/// When, who and what.
pub(super) struct Commit {
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) writes: Vec<Write>,
}

/// Why a commit did not happen.
enum Stop {
    /// The contract says no.
    Rejected(Rejection),
    /// The database failed.
    Failed(PostgresError),
    /// The database failed while it committed: whether it happened is unknown.
    Unknown(PostgresError),
    /// Another commit changed what this one expects: to be looked at again.
    Conflict,
}

impl Stop {
    /// Whether the commit is to be run again.
    fn is_passing(&self) -> bool {
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

/// What a commit did.
struct Done {
    committed: Committed,
    /// Whether there is something to sweep up.
    garbage: bool,
}

/// Runs a commit, again if it collides with another one.
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
            Err(stop) if stop.is_passing() && collisions < RETRIES => {
                collisions += 1;
                sleep(pause(collisions)).await;
            }
            Err(stop) => return Err(stop.into_rejection()),
        }
    }
}

/// Some milliseconds, more each time and not the same for all.
fn pause(collisions: u32) -> Duration {
    let mut dice = [0];
    // Without dice they all wait as long, which is slower and still right.
    let _ = getrandom::fill(&mut dice);
    let [dice] = dice;
    Duration::from_micros(u64::from(collisions) * (500 + 40 * u64::from(dice)))
}

async fn attempt(shared: &Shared, tenant: i64, commit: &Commit) -> Result<Done, Stop> {
    let session = Session::write(&shared.pool, Scope::Tenant(tenant)).await?;
    match apply(&session, tenant, commit).await {
        Ok(done) => {
            session
                .commit()
                .await
                .map_err(|fault| match fault.is_certain() {
                    true => Stop::Failed(fault),
                    false => Stop::Unknown(fault),
                })?;
            Ok(done)
        }
        Err(stop) => {
            // If that fails too, the connection goes and the transaction with it.
            drop(session.roll_back().await);
            Err(stop)
        }
    }
}

async fn apply(session: &Session, tenant: i64, commit: &Commit) -> Result<Done, Stop> {
    is_there(session, tenant).await?;
    issuers::judge(session, tenant, &commit.writes).await?;
    let loaded = load::load(session, tenant, &LockPlan::of(&commit.writes)).await?;
    let (change, fault) = Change::of(&commit.writes, loaded)?;
    write::write(session, tenant, commit, change, fault).await
}

/// Refuses a tenant that is gone. That it stays there is seen to at the end.
async fn is_there(session: &Session, tenant: i64) -> PostgresResult<()> {
    let sql = "SELECT 1 FROM tenant WHERE id = $1";
    if session.rows(sql, &[&tenant]).await?.is_empty() {
        return Err(deleted().into());
    }
    Ok(())
}

/// The key as a name.
fn name(key: &Key) -> Name {
    (key.kind.clone(), key.id.clone())
}

/// The name as a key.
fn key((kind, id): Name) -> Key {
    Key { kind, id }
}
