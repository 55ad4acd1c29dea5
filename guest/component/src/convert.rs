//! Conversions between core's types and those generated from `wit/`, named as in the component
//! model: *lower* for values that core returns, *lift* for values that it receives. Everything that
//! can be moved is moved, not copied.
//!
//! The bindings are those beside the module that this file becomes. All have equal names, so that
//! the tests compile it against the host's bindings too, to run core natively on a host's store,
//! and the shells that store by SQL against the types of scimlet-store.

/// Converts core's types into those of the interface.
pub mod lower {
    use super::super::bindings::scimlet::plugin::{
        http as wit_http, journal as wit_journal, store as wit,
    };
    use scimlet_core::{port, store};

    pub fn key(key: store::Key) -> wit::Key {
        wit::Key { kind: key.kind, id: key.id }
    }

    fn scalar(scalar: store::Scalar) -> wit::Scalar {
        match scalar {
            store::Scalar::Text(text) => wit::Scalar::Text(text),
            store::Scalar::Number(number) => wit::Scalar::Number(number),
            store::Scalar::Boolean(boolean) => wit::Scalar::Boolean(boolean),
        }
    }

    fn term(term: store::Term) -> wit::Term {
        wit::Term { path: term.path, value: scalar(term.value), unique: term.unique }
    }

    fn draft(draft: store::Draft) -> wit::Draft {
        let terms = draft.terms.into_iter().map(term).collect();
        wit::Draft { key: key(draft.key), body: draft.body, terms }
    }

    pub fn link(link: store::Link) -> wit::Link {
        wit::Link { source: key(link.source), name: link.name, target: key(link.target) }
    }

    fn operator(operator: store::Operator) -> wit::Operator {
        use store::Operator as O;
        match operator {
            O::Equal => wit::Operator::Equal,
            O::Less => wit::Operator::Less,
            O::LessOrEqual => wit::Operator::LessOrEqual,
            O::Greater => wit::Operator::Greater,
            O::GreaterOrEqual => wit::Operator::GreaterOrEqual,
            O::Contains => wit::Operator::Contains,
            O::StartsWith => wit::Operator::StartsWith,
            O::EndsWith => wit::Operator::EndsWith,
        }
    }

    pub fn direction(direction: store::Direction) -> wit::Direction {
        match direction {
            store::Direction::Outgoing => wit::Direction::Outgoing,
            store::Direction::Incoming => wit::Direction::Incoming,
        }
    }

    fn node(node: store::Node) -> wit::Node {
        use store::Node as N;
        match node {
            N::Compare { path, operator: by, value } => wit::Node::Compare(wit::Comparison {
                path,
                operator: operator(by),
                value: scalar(value),
            }),
            N::Present(path) => wit::Node::Present(path),
            N::Linked { name, direction: to, other } => wit::Node::Linked(wit::Relation {
                name,
                direction: direction(to),
                other: key(other),
            }),
            N::All(count) => wit::Node::All(count),
            N::Any(count) => wit::Node::Any(count),
            N::Negate => wit::Node::Negate,
        }
    }

    pub fn query(query: store::Query) -> wit::Query {
        wit::Query {
            kind: query.kind,
            filter: query.filter.into_iter().map(node).collect(),
            order: query.order.map(|(path, descending)| wit::Order { path, descending }),
            window: match query.window {
                store::Window::Offset(offset) => wit::Window::Offset(offset),
                store::Window::After(position) => wit::Window::After(position),
            },
            limit: query.limit,
            count: query.count,
        }
    }

    fn event(event: store::Event) -> wit::Event {
        wit::Event {
            channel: match event.channel {
                store::Channel::Feed => wit::Channel::Feed,
                store::Channel::Audit => wit::Channel::Audit,
            },
            name: event.name,
            subject: event.subject.map(key),
            body: event.body,
        }
    }

    pub fn write(write: store::Write) -> wit::Write {
        use store::Write as W;
        let links = |links: Vec<store::Link>| links.into_iter().map(link).collect();
        match write {
            W::Insert(new) => wit::Write::Insert(draft(new)),
            W::Replace(new, version) => {
                wit::Write::Replace(wit::Replacement { draft: draft(new), version })
            }
            W::Remove(old, version) => wit::Write::Remove(wit::Removal { key: key(old), version }),
            W::Expect(read, version) => {
                wit::Write::Expect(wit::Expectation { key: key(read), version })
            }
            W::Link(new) => wit::Write::Link(links(new)),
            W::Unlink(old) => wit::Write::Unlink(links(old)),
            W::UnlinkAll(source, name) => {
                wit::Write::UnlinkAll(wit::LinkSet { source: key(source), name })
            }
            W::Adjust { counter, by, ceiling } => {
                wit::Write::Adjust(wit::Adjustment { counter, by, ceiling })
            }
            W::Append(new) => wit::Write::Append(event(new)),
            W::Redact(subject) => wit::Write::Redact(key(subject)),
        }
    }

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
    use super::super::bindings::scimlet::plugin::{http as wit_http, store as wit};
    use scimlet_core::{port, store};

    pub fn key(key: wit::Key) -> store::Key {
        store::Key { kind: key.kind, id: key.id }
    }

    pub fn entry(entry: wit::Entry) -> store::Entry {
        store::Entry {
            key: key(entry.key),
            version: entry.version,
            created: entry.created,
            modified: entry.modified,
            body: entry.body,
        }
    }

    pub fn page(page: wit::Page) -> store::Page {
        store::Page {
            hits: page.hits.into_iter().map(|hit| (entry(hit.entry), hit.position)).collect(),
            total: page.total,
            exact: page.exact,
            ordered: page.ordered,
        }
    }

    fn link(link: wit::Link) -> store::Link {
        store::Link { source: key(link.source), name: link.name, target: key(link.target) }
    }

    pub fn link_page(page: wit::LinkPage) -> store::LinkPage {
        store::LinkPage { links: page.links.into_iter().map(link).collect(), next: page.next }
    }

    pub fn refusal(refusal: wit::Refusal) -> store::Refusal {
        use store::Refusal as R;
        match refusal {
            wit::Refusal::Taken(path) => R::Taken(path),
            wit::Refusal::Stale(entry) => R::Stale(key(entry)),
            wit::Refusal::Missing(entry) => R::Missing(key(entry)),
            wit::Refusal::OverCeiling(counter) => R::OverCeiling(counter),
            wit::Refusal::TooMany(what) => R::TooMany(what),
            wit::Refusal::Invalid(what) => R::Invalid(what),
            wit::Refusal::Unavailable(what) => R::Unavailable(what),
            wit::Refusal::NotDone(what) => R::NotDone(what),
            wit::Refusal::Damaged(what) => R::Damaged(what),
        }
    }

    pub fn committed(committed: wit::Committed) -> store::Committed {
        let versions = committed.versions.into_iter();
        store::Committed {
            at: committed.at,
            versions: versions.map(|(changed, version)| (key(changed), version)).collect(),
        }
    }

    pub fn rejection(rejection: wit::Rejection) -> store::Rejection {
        store::Rejection { write: rejection.write, reason: refusal(rejection.reason) }
    }

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
