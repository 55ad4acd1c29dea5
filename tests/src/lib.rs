//! Shared by the whole-system tests and the benchmarks.

#[allow(dead_code, reason = "the component uses what is not used here")]
#[path = "../../guest/component/src/convert.rs"]
mod convert;

pub mod bench_support;
pub mod client;
pub mod contract;
pub mod crowd;
pub mod exchange;
pub mod fixed;
pub mod inferred;
pub mod module;
pub mod native;
pub mod needs;
pub mod node;
pub mod outbox;
pub mod postgres;
pub mod python;
pub mod reads;
pub mod rounds;
pub mod server;
pub mod sql;
pub mod supplied;
pub mod tenant;
pub mod wording;

/// The host's types under the names that [`convert`] knows them by.
mod bindings {
    pub mod scimlet {
        pub mod plugin {
            pub use scimlet::http;
            pub use scimlet::plugin::journal;
        }
    }
}

/// Random choices that a seed repeats.
pub mod dice {
    pub use scimlet_bench::Dice;
}
