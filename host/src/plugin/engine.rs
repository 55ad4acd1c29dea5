//! The wasmtime engine, configured for many short-lived instances of one component.

use std::io;
use std::path::Path;
use std::thread;

use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
};

use super::cache;
use super::limits::{IDLE_TICK, Limits, TICK};
use crate::cpu_scheduler::CpuScheduler;

/// Bytes of a finished instance's memory that stay mapped in its slot, so that the next instance
/// needs no page faults for them.
const KEPT_MEMORY: usize = 2 << 20;

/// Bytes of a finished instance's tables that stay mapped in its slot.
const KEPT_TABLE: usize = 64 << 10;

/// The most core modules of a component: the guest, and the adapters that the linker adds.
const MODULES: u32 = 8;

/// Creates an engine, and a thread that increments its epoch until the engine is dropped.
pub(crate) fn engine(limits: &Limits, cache: Option<&Path>) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .cache(cache.and_then(cache::in_folder))
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)));
    let engine = Engine::new(&config)?;
    start_ticking(&engine)?;
    Ok(engine)
}

/// Creates an engine for the one instance whose memory becomes the image of all others. The
/// instance runs once, so its code is compiled without optimisation.
pub(crate) fn of_image(cache: Option<&Path>) -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .cranelift_opt_level(OptLevel::None)
        .consume_fuel(true)
        .cache(cache.and_then(cache::in_folder));
    Engine::new(&config)
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    let count = limits.concurrency;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(count)
        .total_core_instances(count.saturating_mul(MODULES))
        .total_memories(count)
        .total_tables(count.saturating_mul(MODULES))
        .total_stacks(count)
        .max_memory_size(limits.memory);
    // Only where the kernel reports which pages were touched: clearing all of them would cost more
    // than the page faults.
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes)
            .linear_memory_keep_resident(KEPT_MEMORY)
            .table_keep_resident(KEPT_TABLE);
    }
    pool
}

fn start_ticking(engine: &Engine) -> io::Result<()> {
    let engine = engine.weak();
    let processors = CpuScheduler::all();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(match processors.has_waiting() {
                true => TICK,
                false => IDLE_TICK,
            });
        }
    };
    thread::Builder::new().name("scimlet-epoch".to_owned()).spawn(tick).map(drop)
}
