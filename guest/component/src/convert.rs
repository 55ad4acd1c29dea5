//! Conversions between core's types and those generated from `wit/` for requests and the journal,
//! named as in the component model: *lower* for values that core returns, *lift* for values that it
//! receives. Everything that can be moved is moved, not copied.
//!
//! The bindings are those beside the module that this file becomes. All have equal names, so that
//! the tests compile it against the host's bindings too, to run core natively on a host's store.

/// Converts core's types into those of the interface.
pub mod lower {
    use super::super::bindings::scimlet::plugin::{http as wit_http, journal as wit_journal};
    use scimlet_core::port;

    pub fn note(level: port::Level, topic: &str, text: &str) -> wit_journal::Note {
        let level = match level {
            port::Level::Debug => wit_journal::Level::Debug,
            port::Level::Info => wit_journal::Level::Info,
            port::Level::Warn => wit_journal::Level::Warn,
            port::Level::Error => wit_journal::Level::Error,
        };
        wit_journal::Note { level, topic: topic.to_owned(), text: text.to_owned() }
    }

    pub fn admitted(admitted: scimlet_core::Admitted) -> wit_http::Admitted {
        wit_http::Admitted {
            actor: admitted.actor,
            rate: admitted.rate,
            open: admitted.open,
            by_address: admitted.by_address,
        }
    }

    pub fn response(response: scimlet_core::Response) -> wit_http::Response {
        wit_http::Response {
            status: response.status,
            headers: response.headers,
            body: response.body,
        }
    }
}

/// Converts the interface's types into core's.
pub mod lift {
    use super::super::bindings::scimlet::plugin::http as wit_http;
    use scimlet_core::port;

    pub fn origin(origin: wit_http::Origin) -> port::Origin {
        port::Origin {
            tenant: origin.tenant,
            base_url: origin.base_url,
            client_address: origin.client_address,
            caller: match origin.caller {
                wit_http::Caller::Unknown => port::Caller::Unknown,
                wit_http::Caller::Client(principal) => port::Caller::Client(principal.name),
                wit_http::Caller::User(id) => port::Caller::User(id),
            },
        }
    }

    pub fn request(request: wit_http::Request) -> scimlet_core::Request {
        scimlet_core::Request {
            method: request.method,
            path: request.path,
            query: request.query,
            headers: request.headers,
            body: request.body,
        }
    }
}
