//! Conversions between the types of scimlet-store, which core uses, and those generated from
//! `wit/store.wit`, named as in the component model: *lower* for values that core gives, *lift* for
//! values that it receives. Everything that can be moved is moved, not copied.

/// Converts core's types into those of the interface.
pub mod lower {
    use crate::bindings::scimlet::plugin::store as wit;
    use scimlet_core::store;

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
            N::Compare(comparison) => wit::Node::Compare(wit::Comparison {
                path: comparison.path,
                operator: operator(comparison.operator),
                value: scalar(comparison.value),
            }),
            N::Present(path) => wit::Node::Present(path),
            N::Linked(relation) => wit::Node::Linked(wit::Relation {
                name: relation.name,
                direction: direction(relation.direction),
                other: key(relation.other),
            }),
            N::All(count) => wit::Node::All(count),
            N::Any(count) => wit::Node::Any(count),
            N::Negate => wit::Node::Negate,
        }
    }

    fn order(order: store::Order) -> wit::Order {
        wit::Order { path: order.path, descending: order.descending }
    }

    pub fn query(query: store::Query) -> wit::Query {
        wit::Query {
            kind: query.kind,
            filter: query.filter.into_iter().map(node).collect(),
            order: query.order.map(order),
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
            W::Replace(new) => {
                let (draft, version) = (draft(new.draft), new.version);
                wit::Write::Replace(wit::Replacement { draft, version })
            }
            W::Remove(old) => {
                wit::Write::Remove(wit::Removal { key: key(old.key), version: old.version })
            }
            W::Expect(read) => {
                wit::Write::Expect(wit::Expectation { key: key(read.key), version: read.version })
            }
            W::Link(new) => wit::Write::Link(links(new)),
            W::Unlink(old) => wit::Write::Unlink(links(old)),
            W::UnlinkAll(set) => {
                wit::Write::UnlinkAll(wit::LinkSet { source: key(set.source), name: set.name })
            }
            W::Adjust(change) => wit::Write::Adjust(wit::Adjustment {
                counter: change.counter,
                by: change.by,
                ceiling: change.ceiling,
            }),
            W::Append(new) => wit::Write::Append(event(new)),
            W::Redact(subject) => wit::Write::Redact(key(subject)),
        }
    }
}

/// Converts the interface's types into core's.
pub mod lift {
    use crate::bindings::scimlet::plugin::store as wit;
    use scimlet_core::store;

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
        let hit = |hit: wit::Hit| store::Hit { entry: entry(hit.entry), position: hit.position };
        store::Page {
            hits: page.hits.into_iter().map(hit).collect(),
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
}
