//! Times of commits: they never go back within a tenant, whatever the clock does.

use std::sync::Arc;

use crate::Store;
use scimlet_store::{Committed, Write};

use super::Stores;
use super::kit::*;
use crate::broken::{Checked, OrBroken, check, check_eq};

/// An hour in milliseconds.
pub(crate) const HOUR: u64 = 3_600_000;

/// The readings of a clock that goes back, stands still and goes ahead, one for each commit.
const CLOCK: [u64; 7] = [AT, AT - HOUR, AT - HOUR, AT, AT + HOUR, AT, AT + 2 * HOUR];

pub(crate) async fn done(store: &dyn Store, at: u64, writes: Vec<Write>) -> Checked<Committed> {
    let done = store.commit(at, "tester".into(), writes).await;
    done.or_broken("the commit succeeds")
}

pub(crate) fn created(id: &str) -> Vec<Write> {
    vec![insert(plain(user(id))), append("created")]
}

pub async fn times_never_go_back(stores: Arc<dyn Stores>) -> Checked {
    let (store, other) = (stores.fresh().await?, stores.fresh().await?);
    done(&*other, AT + 9 * HOUR, vec![append("elsewhere")]).await?;
    let mut times = Vec::new();
    for (number, at) in CLOCK.into_iter().enumerate() {
        times.push(done(&*store, at, created(&number.to_string())).await?.at);
    }
    check!(times.is_sorted_by(|one, next| one < next), "{times:?}");
    let told = [AT, AT + HOUR, AT + 2 * HOUR];
    check_eq!([times[0], times[4], times[6]], told, "where nothing is newer");
    check!(times[3] < AT + HOUR && times[5] < AT + 2 * HOUR, "{times:?}");
    Ok(())
}

pub async fn a_time_is_the_same_everywhere(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    done(&*store, AT, vec![insert(plain(group("g"))), append("x")]).await?;
    for (number, at) in CLOCK.into_iter().enumerate() {
        let id = number.to_string();
        let mut writes = created(&id);
        writes.extend([link(group("g"), user(&id)), append("changed")]);
        let at = done(&*store, at, writes).await?.at;
        let made = get(&*store, user(&id)).await?.or_broken("it is there")?;
        check_eq!((made.created, made.modified), (at, at));
        let group = get(&*store, group("g")).await?.or_broken("it is there")?;
        check_eq!((group.created, group.modified), (AT, at));
    }
    Ok(())
}
