//! DELETE: RFC 7644 section 3.6. The store takes the links at both ends away with the resource.

use super::Options;
use super::session::{self, Session, not_found};
use crate::error::Error;
use crate::resource_type::ResourceType;
use crate::store::{Key, Refusal, Write};

/// Deletes a resource; `NotFound` if there is none.
pub fn delete(
    session: &Session<'_>,
    of: &ResourceType,
    id: &str,
    options: &Options,
) -> Result<(), Error> {
    let key = Key::new(of.name(), id);
    let conditions = &options.conditions;
    let version = if conditions.are_given() {
        let before = session.load(of, id)?;
        conditions.allow_changing(before.version)?;
        Some(before.version)
    } else {
        None
    };
    let writes = vec![
        Write::Remove(key.clone(), version),
        session::event("delete", &key, &[]),
    ];
    match session.commit(session.ports.clock.now(), writes) {
        Ok(_) => Ok(()),
        Err(Refusal::Missing(missing)) if missing == key => Err(not_found(of, id)),
        Err(refusal) => Err(refusal.into()),
    }
}
