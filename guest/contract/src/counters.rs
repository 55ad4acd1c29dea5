//! Counters.

use std::sync::Arc;

use scimlet_store::Refusal;

use super::Stores;
use super::kit::*;
use crate::broken::{Checked, check_eq};

fn over() -> Refusal {
    Refusal::OverCeiling("seats".into())
}

pub async fn a_counter_starts_at_0(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![adjust("seats", 2, None), adjust("", 5, None)]).await?;
    for (name, value) in [("seats", 2), ("Seats", 0), ("", 5)] {
        check_eq!(counter(&*store, name).await?, value, "{name}");
    }
    Ok(())
}

pub async fn a_counter_stays_at_0(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![adjust("seats", -3, None), adjust("seats", 2, None)]).await?;
    check_eq!(counter(&*store, "seats").await?, 2);
    commit(&*store, vec![adjust("seats", i64::MIN, Some(0)), adjust("seats", 1, None)]).await?;
    check_eq!(counter(&*store, "seats").await?, 1);
    Ok(())
}

pub async fn a_ceiling_holds(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![adjust("seats", 3, Some(3))]).await?;
    let over_in_between = vec![append("x"), adjust("seats", 1, Some(3)), adjust("seats", -1, None)];
    check_eq!(refused(&*store, over_in_between).await?, (1, over()));
    commit(&*store, vec![adjust("seats", -1, Some(3)), adjust("seats", 1, Some(3))]).await?;
    commit(&*store, vec![adjust("seats", 1, Some(4)), adjust("seats", 1, Some(u64::MAX))]).await?;
    check_eq!(counter(&*store, "seats").await?, 5);
    let beyond = vec![
        adjust("seats", i64::MAX, None),
        adjust("seats", i64::MAX, None),
        adjust("seats", i64::MAX, None),
    ];
    let (_, reason) = refused(&*store, beyond).await?;
    check_eq!(reason, over(), "a counter does not wrap");
    check_eq!(counter(&*store, "seats").await?, 5);
    Ok(())
}

pub async fn seats_can_be_given_back_under_a_lowered_ceiling(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![adjust("seats", 9, None)]).await?;
    commit(&*store, vec![adjust("seats", -1, Some(5))]).await?;
    check_eq!(counter(&*store, "seats").await?, 8);
    check_eq!(refused(&*store, vec![adjust("seats", 1, Some(5))]).await?, (0, over()));
    check_eq!(refused(&*store, vec![adjust("seats", 0, Some(5))]).await?, (0, over()));
    Ok(())
}

pub async fn adjustments_add_up(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![adjust("a", 1, None), adjust("b", 10, None), adjust("a", 2, None)])
        .await?;
    commit(&*store, vec![adjust("a", 3, None)]).await?;
    check_eq!((counter(&*store, "a").await?, counter(&*store, "b").await?), (6, 10));
    Ok(())
}
