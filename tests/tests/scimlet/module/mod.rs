//! The core module: what it needs of a host, how large it is, and that it answers as core does.

mod admin;
mod application;
mod calls;
mod exchanges;
mod faults;

use std::sync::Arc;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::store::memory::Memory;
use scimlet::store::{Database, TenantStorage};
use scimlet_tests::exchange::TENANT;
use scimlet_tests::module::{MODULE, interface};
use scimlet_tests::sql;

use super::trial;

/// In bytes.
const LARGEST: usize = 13 * 1024 * 1024 / 10;

/// In bytes, compressed by zstd at its level 19.
const LARGEST_COMPRESSED: usize = 500_000;

/// The trials.
pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("module::imports_one_function", || async { imports_one_function() }),
        trial("module::is_small", || async {
            is_small("the module", MODULE, LARGEST)?;
            is_small("the component over SQL", sql::COMPONENT, LARGEST)?;
            is_small("the component", scimlet::COMPONENT, LARGEST)
        }),
    ];
    trials.extend(admin::trials());
    trials.extend(application::trials());
    trials.extend(calls::trials());
    trials.extend(exchanges::trials());
    trials.extend(faults::trials());
    trials
}

fn imports_one_function() -> anyhow::Result<()> {
    let all = interface()?;
    let imports: Vec<&String> = all.iter().filter(|line| line.starts_with("import")).collect();
    ensure!(imports == ["import scimlet.call func"], "{imports:?}");
    for export in ["memory memory", "abi_version func", "allocate func", "free func", "call func"] {
        ensure!(all.contains(&format!("export {export}")), "no {export} in {all:?}");
    }
    Ok(())
}

fn is_small(name: &str, wasm: &[u8], largest: usize) -> anyhow::Result<()> {
    ensure!(wasm.len() <= largest, "{name} has {} bytes", wasm.len());
    let compressed = zstd::bulk::compress(wasm, 19)?.len();
    ensure!(compressed <= LARGEST_COMPRESSED, "{name} has {compressed} bytes compressed");
    Ok(())
}

/// The tenant of a fresh database.
async fn tenant(database: &dyn Database) -> anyhow::Result<Arc<dyn TenantStorage>> {
    database.create_tenant(TENANT, 0).await?;
    database.open(TENANT).await?.context("the tenant is there")
}

/// The tenant of a fresh database in memory.
async fn in_memory() -> anyhow::Result<Arc<dyn TenantStorage>> {
    tenant(&Memory::exact()).await
}
