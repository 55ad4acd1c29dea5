//! Unique terms.

use std::sync::Arc;

use scimlet_store::{Scalar, Term};

use super::Stores;
use super::kit::*;
use crate::broken::{Checked, check_eq};

fn only(path: &str, value: Scalar) -> Term {
    Term { unique: true, ..term(path, value) }
}

pub async fn a_unique_term_is_taken_once(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(named("1", "bo")), insert(named("2", "cy"))]).await?;
    let second = vec![append("x"), insert(named("3", "bo"))];
    check_eq!(refused(&*store, second).await?, (1, taken("userName")));
    let renamed = vec![append("x"), append("y"), replace(named("2", "bo"), 1)];
    check_eq!(refused(&*store, renamed).await?, (2, taken("userName")));
    commit(&*store, vec![replace(named("2", "cy"), 1)]).await?;
    Ok(())
}

pub async fn others_may_hold_the_value(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let writes = vec![
        insert(named("1", "bo")),
        insert(draft(group("1"), vec![unique("userName", "bo")])),
        insert(draft(user("2"), vec![unique("externalId", "bo")])),
        // Not unique here, so no second holder.
        insert(draft(user("3"), vec![term("userName", text("bo"))])),
        insert(draft(user("4"), vec![term("userName", text("bo")), unique("userName", "Bo")])),
    ];
    commit(&*store, writes).await?;
    Ok(())
}

pub async fn entries_may_swap_a_unique_term(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(named("1", "bo")), insert(named("2", "cy"))]).await?;
    commit(&*store, vec![replace(named("1", "cy"), 1), replace(named("2", "bo"), 1)]).await?;
    for name in ["bo", "cy"] {
        check_eq!(refused(&*store, vec![insert(named("3", name))]).await?, (0, taken("userName")));
    }
    // Also when the one that takes the name comes before the one that gives it up.
    commit(&*store, vec![insert(named("3", "bo")), remove(user("2"))]).await?;
    Ok(())
}

pub async fn a_given_up_term_is_free(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    commit(&*store, vec![insert(named("1", "bo")), insert(named("2", "cy"))]).await?;
    commit(&*store, vec![replace(named("1", "di"), 1), remove(user("2"))]).await?;
    commit(&*store, vec![insert(named("3", "bo")), insert(named("4", "cy"))]).await?;
    let changed_twice = vec![replace(named("3", "ed"), 1), replace(named("3", "flo"), 1)];
    commit(&*store, changed_twice).await?;
    commit(&*store, vec![insert(named("5", "ed")), insert(named("6", "bo"))]).await?;
    check_eq!(refused(&*store, vec![insert(named("7", "flo"))]).await?, (0, taken("userName")));
    Ok(())
}

pub async fn one_commit_cannot_take_it_twice(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let twice = vec![insert(named("1", "bo")), append("x"), insert(named("2", "bo"))];
    check_eq!(refused(&*store, twice).await?, (2, taken("userName")));
    let corrected =
        vec![insert(named("1", "bo")), insert(named("2", "bo")), replace(named("1", "cy"), 0)];
    commit(&*store, corrected).await?;
    Ok(())
}

pub async fn types_are_kept_apart(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let values = [
        text("1"),
        text("1.0"),
        text("true"),
        text("\u{1}"),
        Scalar::Number(1.0),
        Scalar::Boolean(true),
        Scalar::Number(0.0),
        Scalar::Boolean(false),
    ];
    for (index, value) in values.into_iter().enumerate() {
        commit(&*store, vec![insert(draft(user(&index.to_string()), vec![only("x", value)]))])
            .await?;
    }
    for value in [Scalar::Number(-0.0), Scalar::Boolean(true), Scalar::Number(1.0)] {
        let writes = vec![insert(draft(user("again"), vec![only("x", value)]))];
        check_eq!(refused(&*store, writes).await?, (0, taken("x")));
    }
    Ok(())
}

pub async fn a_term_may_become_unique(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let loose = |id: &str| draft(user(id), vec![term("x", text("v"))]);
    let strict = |id: &str| draft(user(id), vec![unique("x", "v")]);
    commit(&*store, vec![insert(loose("1")), insert(loose("2"))]).await?;
    commit(&*store, vec![replace(strict("1"), 1)]).await?;
    check_eq!(refused(&*store, vec![replace(strict("2"), 1)]).await?, (0, taken("x")));
    commit(&*store, vec![replace(loose("1"), 2), replace(strict("2"), 1)]).await?;
    Ok(())
}

pub async fn an_entry_may_repeat_its_term(stores: Arc<dyn Stores>) -> Checked {
    let store = stores.fresh().await?;
    let terms = vec![unique("x", "v"), term("x", text("v")), unique("x", "v"), unique("x", "w")];
    commit(&*store, vec![insert(draft(user("1"), terms))]).await?;
    for value in ["v", "w"] {
        let writes = vec![insert(draft(user("2"), vec![unique("x", value)]))];
        check_eq!(refused(&*store, writes).await?, (0, taken("x")));
    }
    Ok(())
}
