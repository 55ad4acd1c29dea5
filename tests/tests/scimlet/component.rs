//! The component as it was built: its import list is its permission list.

use libtest_mimic::Trial;
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

/// The imports and exports that the component must have.
const SNAPSHOT: &str = include_str!("../../snapshots/component.txt");

/// The greatest size in bytes: every embedder ships and compiles the component.
const LARGEST: usize = 1024 * 1024;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("component::imports_and_exports_what_the_contract_names", || {
            let found = interfaces().map_err(|error| format!("{error:#}"))?;
            if found == SNAPSHOT {
                return Ok(());
            }
            Err(format!("the component has\n{found}\nand should have\n{SNAPSHOT}").into())
        }),
        Trial::test("component::is_small", || {
            let size = scimlet::COMPONENT.len();
            if size <= LARGEST {
                return Ok(());
            }
            Err(format!("the component has {size} bytes, more than {LARGEST}").into())
        }),
    ]
}

fn interfaces() -> wasmtime::Result<String> {
    let engine = Engine::new(Config::new().wasm_component_model(true))?;
    let component = Component::new(&engine, scimlet::COMPONENT)?;
    let of = component.component_type();
    let mut lines: Vec<String> =
        of.imports(&engine).map(|(name, _)| format!("import {name}")).collect();
    lines.extend(of.exports(&engine).map(|(name, _)| format!("export {name}")));
    lines.sort();
    Ok(lines.into_iter().map(|line| line + "\n").collect())
}
