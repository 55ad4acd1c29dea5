//! The contract of stores behind the WIT world `contract-sql`: the cases of scimlet-contract over
//! the import `sql`, which carries the statements of scimlet-sql's store. Empty on native targets.

#![cfg(target_arch = "wasm32")]

mod bindings;
#[path = "../../component-sql/src/connection.rs"]
mod connection;
mod tenants;

use scimlet_contract::blocking;

use bindings::exports::scimlet::plugin::contract::Guest as Contract;
use tenants::SqlTenants;

/// The component's exports.
struct Component;

impl Contract for Component {
    fn cases() -> Vec<String> {
        blocking::names().into_iter().map(str::to_owned).collect()
    }

    fn run(cases: Vec<String>) -> Vec<String> {
        blocking::broken_rules(SqlTenants::default, &cases)
    }
}
