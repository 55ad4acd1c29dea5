//! The command `scimlet`.

mod cli;

use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Tasks that a thread runs between two polls for I/O. Where instances compute, a task takes a
/// millisecond, so that a request which has arrived would wait for several.
const EVENT_INTERVAL: u32 = 1;

/// Runs the command. There are more threads than processors; instances of the component occupy at
/// most one thread per processor, so that new requests need not wait for them.
fn main() -> anyhow::Result<ExitCode> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(processors + processors.div_ceil(2))
        .event_interval(EVENT_INTERVAL)
        .enable_all()
        .build()?;
    Ok(runtime.block_on(cli::run()))
}
