//! The types and functions of `wit/`, under the names that wit-bindgen gives them, with their form
//! in JSON: names are the WIT's.

pub mod admin;
pub mod application;
pub mod directory;
mod functions;
pub mod http;
pub mod journal;
pub mod provider;
pub mod tables;

pub use functions::{Arguments, Returned};

/// The imported interfaces and the types of both directions.
pub mod scimlet {
    pub mod plugin {
        pub use super::super::{application, http, journal};
    }
}

/// The exported interfaces.
pub mod exports {
    pub mod scimlet {
        pub mod plugin {
            pub use crate::bindings::{admin, directory, provider, tables};
        }
    }
}

/// Types that the host sends. Unknown members are refused: they may be misspelled.
macro_rules! received {
    ($($item:item)*) => { $(
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        $item
    )* };
}

/// Types that the module sends.
macro_rules! sent {
    ($($item:item)*) => { $(
        #[derive(serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        $item
    )* };
}

/// Types of both directions.
macro_rules! exchanged {
    ($($item:item)*) => { $(
        #[derive(serde::Deserialize, serde::Serialize)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        $item
    )* };
}

use {exchanged, received, sent};
