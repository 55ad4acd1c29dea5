//! What the whole-system tests and benchmarks share.

pub mod contract;
pub mod evaluate;
pub mod memory;
