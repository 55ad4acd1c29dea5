//! The command `scimlet`.

mod cli;

use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Tasks that a thread runs before it looks what has arrived: those in which instances compute take
/// a millisecond.
const BETWEEN_LOOKS: u32 = 4;

/// There are more threads than processors, of which instances of the component take one each: what
/// arrives meanwhile need not wait for these.
fn main() -> anyhow::Result<ExitCode> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(processors + processors.div_ceil(2))
        .event_interval(BETWEEN_LOOKS)
        .enable_all()
        .build()?;
    Ok(runtime.block_on(cli::run()))
}
