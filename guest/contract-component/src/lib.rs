//! The contract of stores behind the WIT world `contract-store`: the cases of scimlet-contract over
//! the import `store`. Empty on native targets.

#![cfg(target_arch = "wasm32")]

mod bindings;
mod imported;
mod select;
#[path = "../../component/src/storage/mod.rs"]
mod storage;

use scimlet_contract::blocking;

use bindings::exports::scimlet::plugin::contract::Guest as Contract;
use imported::ImportedStores;

/// The component's exports.
struct Component;

impl Contract for Component {
    fn cases() -> Vec<String> {
        blocking::names().into_iter().map(str::to_owned).collect()
    }

    fn run(cases: Vec<String>) -> Vec<String> {
        blocking::broken_rules(ImportedStores::default, &cases)
    }
}
