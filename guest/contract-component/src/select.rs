//! The import `stores`.

use crate::bindings::scimlet::plugin::stores;

/// Makes `store` the store of the tenant of this name from now on.
pub fn select(tenant: &str) {
    stores::select(tenant);
}
