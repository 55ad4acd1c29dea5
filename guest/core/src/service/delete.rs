//! DELETE: RFC 7644 section 3.6. The store takes the links at both ends away with the resource.

use super::session::{Session, not_found};
use super::{Options, event, update};
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
    let conditional = conditions.if_match.is_some() || conditions.if_none_match.is_some();
    let version = if conditional {
        let before = session.load(of, id)?;
        update::precondition(options, &before)?;
        Some(before.version)
    } else {
        None
    };
    let writes = vec![Write::Remove(key.clone(), version), event::delete(&key)];
    match session.commit(session.ports.clock.now(), writes) {
        Ok(_) => Ok(()),
        Err(Refusal::Missing(missing)) if missing == key => Err(not_found(of, id)),
        Err(refusal) => Err(refusal.into()),
    }
}
