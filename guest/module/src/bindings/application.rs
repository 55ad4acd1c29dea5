//! `wit/application.wit`. A call that the host cannot answer is one that the application failed.

use super::{received, sent};
use crate::import;

sent! {
    pub struct Identity {
        pub resource_type: String,
        pub id: String,
        pub product_id: Option<String>,
    }

    pub enum Step {
        Created,
        Linked,
        Updated,
        Deactivated,
        Reactivated,
        Removed,
        Erased,
    }

    pub struct Effect {
        pub name: String,
        pub group: Option<Identity>,
        pub roles: Vec<String>,
        pub seat_type: Option<String>,
        pub groups: Vec<Identity>,
        pub references: Vec<(String, String)>,
    }

    pub struct Change {
        pub resource_type: String,
        pub id: String,
        pub product_id: Option<String>,
        pub step: Step,
        pub attributes: Vec<String>,
        pub before: Option<String>,
        pub after: Option<String>,
        pub members_added: Vec<Identity>,
        pub members_removed: Vec<Identity>,
        pub effects: Vec<Effect>,
    }

    struct BeforeCommit<'a> {
        changes: &'a [Change],
    }
}

received! {
    pub enum Refusal {
        Invalid(String),
        Forbidden(String),
        Again(String),
        Failed(String),
    }
}

pub fn before_commit(changes: &[Change]) -> Result<Vec<Option<String>>, Refusal> {
    import::ask("application.before-commit", &BeforeCommit { changes }, Refusal::Failed)
}
