//! The application's own ids of resources: of the rows of its tables, say.

use super::find_all;
use crate::error::Error;
use crate::limits;
use crate::port::Ports;
use crate::resource;
use crate::store::{Node, Operator, Scalar};

/// Bytes of such an id.
#[cfg(feature = "application")]
const BYTES: usize = 200;

/// Checks an id that the application gives.
///
/// # Errors
/// A sentence that says what is wrong.
#[cfg(feature = "application")]
pub(super) fn check(id: &str) -> Result<(), String> {
    if id.is_empty() || id.len() > BYTES || id.chars().any(char::is_control) {
        return Err(format!(
            "the product's id is a text of 1 to {BYTES} bytes without control characters"
        ));
    }
    Ok(())
}

/// Returns the id of the last resource stored under this kind that has the product's id.
pub(super) fn owner(
    ports: &Ports<'_>,
    kind: &str,
    product_id: &str,
) -> Result<Option<String>, Error> {
    let value = Scalar::Text(product_id.to_owned());
    let wanted = Node::compare(resource::PRODUCT_ID, Operator::Equal, value);
    let entries = find_all::find_all(ports, kind, &[wanted], limits::SCAN_ENTRIES)?;
    // A store may ignore the filter.
    let found = entries.into_iter().rfind(|entry| {
        let id = resource::product_id(&entry.body).ok().flatten();
        id.as_deref() == Some(product_id)
    });
    Ok(found.map(|entry| entry.key.id))
}
