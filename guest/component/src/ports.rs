//! Core's ports, implemented by the imports of the shell that compiles this file: of a component,
//! or of the core module. Each shell has a `storage` of its own.

use scimlet_core::port::{Clock, Journal, Level, Ports, Random};

use crate::bindings::scimlet::plugin::journal;
use crate::convert::lower;
use crate::{source, storage};

#[cfg(feature = "application")]
use crate::application::application;

/// The imports of the shell beside its storage.
struct Imports;

/// Returns the ports of this instance, which reports a panic from now on.
pub fn ports() -> Ports<'static> {
    report_panics();
    Ports {
        store: storage::store(),
        clock: &Imports,
        random: &Imports,
        journal: &Imports,
        application: application(),
    }
}

/// The world of `scimlet.wasm` has no application that hears of changes.
#[cfg(not(feature = "application"))]
fn application() -> Option<&'static dyn scimlet_core::port::Application> {
    None
}

/// Reports a panic in the journal: it is a bug and ends the instance, and the trap itself has no
/// message.
fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        journal::write(&lower::note(Level::Error, "panic", &info.to_string()));
    }));
}

impl Clock for Imports {
    fn now(&self) -> u64 {
        source::now()
    }
}

impl Random for Imports {
    fn fill(&self, buffer: &mut [u8]) {
        source::fill(buffer);
    }
}

impl Journal for Imports {
    fn write(&self, level: Level, topic: &str, text: &str) {
        journal::write(&lower::note(level, topic, text));
    }
}
