//! Events of the host itself in a tenant's audit log.

use serde_json::Value;

use super::{Channel, Event, Rejection, Store, Write};

/// The actor of these events.
const ACTOR: &str = "host";

/// Appends an event of the host at the time `at`, in milliseconds since 1970.
///
/// # Errors
/// The store's rejection.
pub(crate) async fn append(
    store: &dyn Store,
    at: u64,
    name: &str,
    data: &Value,
) -> Result<(), Rejection> {
    let (name, body) = (name.to_owned(), data.to_string());
    let event = Event { channel: Channel::Audit, name, subject: None, body };
    store.commit(at, ACTOR.to_owned(), vec![Write::Append(event)]).await.map(drop)
}
