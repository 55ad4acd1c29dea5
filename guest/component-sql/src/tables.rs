//! The exported interface `tables`: the tables of the database, its tenants, and their events.

use scimlet_sql::database::{migrate, tenants};
use scimlet_store::{Channel, RecordedEvent, Refusal};

use crate::bindings::exports::scimlet::plugin::tables as wit;
use crate::connection::{imported, tenant};
use crate::{Component, source};
use wit::Failure;

impl wit::Guest for Component {
    fn migrate() -> Result<(), Failure> {
        migrate::migrate(&imported()).map_err(|unusable| match unusable {
            migrate::Unusable::Newer(version) => Failure::Unsuitable(format!(
                "the tables have version {version}, this scimlet works with version {}: use the \
                 scimlet that made them, or a newer one",
                scimlet_sql::schema::VERSION
            )),
            migrate::Unusable::Failed(why) => Failure::Unavailable(why),
        })
    }

    fn tenants() -> Result<Vec<wit::Tenant>, Failure> {
        let tenant =
            |tenant: tenants::Tenant| wit::Tenant { name: tenant.name, created: tenant.created };
        let all = tenants::all(&imported()).map_err(refused)?;
        Ok(all.into_iter().map(tenant).collect())
    }

    fn create_tenant(name: String) -> Result<bool, Failure> {
        if !tenants::is_name(&name) {
            return Err(Failure::Invalid(format!(
                "`{name}` is no tenant's name: it is 1 to 63 of `a`-`z`, `0`-`9` and `-`"
            )));
        }
        tenants::create(&imported(), &name, source::now()).map_err(failed)
    }

    fn delete_tenant(name: String) -> Result<bool, Failure> {
        tenants::delete(&imported(), &name).map_err(failed)
    }

    fn events(after: u64, limit: u32) -> Result<Vec<wit::Event>, Failure> {
        let found = tenants::events(&imported(), &tenant(), after, limit).map_err(refused)?;
        Ok(found.into_iter().map(recorded).collect())
    }
}

fn refused(refusal: Refusal) -> Failure {
    Failure::Unavailable(refusal.to_string())
}

fn failed(failure: scimlet_sql::database::Failure) -> Failure {
    refused(failure.into())
}

fn recorded(recorded: RecordedEvent) -> wit::Event {
    let event = recorded.event;
    wit::Event {
        sequence: recorded.sequence,
        at: recorded.at,
        actor: recorded.actor,
        channel: match event.channel {
            Channel::Feed => wit::Channel::Feed,
            Channel::Audit => wit::Channel::Audit,
        },
        name: event.name,
        subject: event.subject.map(|key| wit::Subject { kind: key.kind, id: key.id }),
        body: event.body,
    }
}
