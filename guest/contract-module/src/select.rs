//! The function `stores.select` of the import.

use serde::Serialize;

use crate::import;

#[derive(Serialize)]
struct Select<'a> {
    tenant: &'a str,
}

/// Makes `store` the store of the tenant of this name from now on.
pub fn select(tenant: &str) {
    // Without an answer, what is asked of the store next has none either.
    import::tell("stores.select", &Select { tenant });
}
