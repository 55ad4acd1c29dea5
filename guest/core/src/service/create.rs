//! POST: RFC 7644 section 3.3.

use serde_json::Value;
use uuid::Builder;

use super::session::{self, Session};
use super::{Options, Shown, linking, update};
use crate::error::Error;
use crate::relation;
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::schema::check;
use crate::store::{Key, Write};

/// Creates a resource and returns it. `uniqueness` if a unique value is in use.
pub fn create(
    session: &Session<'_>,
    of: &ResourceType,
    body: Value,
    options: &Options,
) -> Result<Shown, Error> {
    let (mut content, changes) = update::received(session, of, body)?;
    check::required(of, &content)?;
    update::settle_secrets(session, of, None, &mut content)?;
    let at = session.ports.clock.now();
    let key = Key::new(of.name(), new_id(session, at));
    let resource = Resource {
        key,
        version: 1,
        created: at,
        modified: at,
        content,
    };
    commit(session, of, &resource, &changes)?;
    update::show(session, of, &resource, &options.projection)
}

fn commit(
    session: &Session<'_>,
    of: &ResourceType,
    resource: &Resource,
    changes: &relation::Changes,
) -> Result<(), Error> {
    let (links, related) = linking::writes(session, of, &resource.key, changes, false)?;
    let mut writes = vec![Write::Insert(update::draft(
        of,
        resource,
        &resource.content,
    )?)];
    writes.extend(links);
    let attributes: Vec<String> = resource.content.keys().cloned().chain(related).collect();
    writes.push(session::event("create:notice", &resource.key, &attributes));
    session
        .commit(resource.created, writes)
        .map_err(|refusal| update::conflict(of, refusal))?;
    Ok(())
}

/// A UUID of version 7: what was created together lies together in the store.
fn new_id(session: &Session<'_>, at: u64) -> String {
    Builder::from_unix_timestamp_millis(at, &session.ports.random_bytes())
        .into_uuid()
        .to_string()
}
