//! `wit/tables.wit`.

use super::functions::interface;
use super::sent;

sent! {
    pub enum Failure {
        Unsuitable(String),
        Invalid(String),
        Unavailable(String),
    }

    pub struct Tenant {
        pub name: String,
        pub created: u64,
    }

    pub enum Channel {
        Feed,
        Audit,
    }

    pub struct Subject {
        pub kind: String,
        pub id: String,
    }

    pub struct Event {
        pub sequence: u64,
        pub at: u64,
        pub actor: String,
        pub channel: Channel,
        pub name: String,
        pub subject: Option<Subject>,
        pub body: String,
    }
}

interface! {
    "migrate" migrate() -> Result<(), Failure>;
    "tenants" tenants() -> Result<Vec<Tenant>, Failure>;
    "create-tenant" create_tenant(name: String) -> Result<bool, Failure>;
    "delete-tenant" delete_tenant(name: String) -> Result<bool, Failure>;
    "events" events(after: u64, limit: u32) -> Result<Vec<Event>, Failure>;
}
