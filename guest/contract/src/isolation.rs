//! Two tenants share nothing but the storage.

use std::sync::Arc;

use scimlet_store::{Direction, Refusal, Write};

use super::Stores;
use super::kit::*;
use crate::broken::{Checked, OrBroken, check, check_eq};

fn everything() -> Vec<Write> {
    vec![
        insert(named("1", "bo")),
        insert(plain(group("g"))),
        link(group("g"), user("1")),
        adjust("seats", 1, Some(1)),
        Write::Append(event("made", Some(user("1")), "body")),
    ]
}

pub async fn tenants_share_nothing(stores: Arc<dyn Stores>) -> Checked {
    let (mine, theirs) = (stores.fresh().await?, stores.fresh().await?);
    commit(&*mine, everything()).await?;
    check_eq!(get(&*theirs, user("1")).await?, None);
    check!(!has(&*theirs, group("g"), user("1")).await?);
    check!(sorted_ids(&*theirs, group("g"), Direction::Outgoing).await?.is_empty());
    check_eq!(counter(&*theirs, "seats").await?, 0);
    let found =
        theirs.find(query(vec![equal("userName", "bo")])).await.or_broken("find succeeds")?;
    check_eq!((found.hits.len(), found.total), (0, Some(0)));
    let refusal = refused(&*theirs, vec![expect(user("1"), 1)]).await?;
    check_eq!(refusal, (0, Refusal::Missing(user("1"))));

    // The same names again, and then theirs go while mine stay.
    commit(&*theirs, everything()).await?;
    commit(&*theirs, vec![Write::Redact(user("1")), remove(user("1")), unlink_all(group("g"))])
        .await?;
    check_eq!(version(&*mine, group("g")).await?, 1);
    check!(has(&*mine, group("g"), user("1")).await?);
    Ok(())
}
