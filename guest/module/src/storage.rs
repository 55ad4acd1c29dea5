//! The storage of the running call: `sql` if it has a database, else `store`.

use scimlet_core::port::Store;

use crate::connection::is_bound;
use crate::imported::Imported;
use crate::sql::SqlStorage;

/// Returns the storage of the running call.
pub fn store() -> &'static dyn Store {
    if is_bound() { &SqlStorage } else { &Imported }
}
