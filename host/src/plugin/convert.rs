//! Conversions between the types of [`store`](crate::store) and those generated from
//! `wit/store.wit`, named as in the component model: *lift* for values that the component sends,
//! *lower* for values that it receives. Everything is moved, nothing copied.

/// Converts what the component sends into the store's types.
pub(super) mod lift {
    use crate::bindings::scimlet::plugin::store as wit;
    use crate::store::{
        Adjustment, Channel, Comparison, Direction, Draft, Event, Expectation, Key, Link, LinkSet,
        Node, Operator, Order, Query, Relation, Removal, Replacement, Scalar, Term, Window, Write,
    };

    pub fn keys(keys: Vec<wit::Key>) -> Vec<Key> {
        keys.into_iter().map(key).collect()
    }

    pub fn links(links: Vec<wit::Link>) -> Vec<Link> {
        links.into_iter().map(link).collect()
    }

    pub fn writes(writes: Vec<wit::Write>) -> Vec<Write> {
        writes.into_iter().map(write).collect()
    }

    pub fn direction(direction: wit::Direction) -> Direction {
        match direction {
            wit::Direction::Outgoing => Direction::Outgoing,
            wit::Direction::Incoming => Direction::Incoming,
        }
    }

    pub fn query(query: wit::Query) -> Query {
        Query {
            kind: query.kind,
            filter: query.filter.into_iter().map(node).collect(),
            order: query.order.map(|wit::Order { path, descending }| Order { path, descending }),
            window: match query.window {
                wit::Window::Offset(offset) => Window::Offset(offset),
                wit::Window::After(position) => Window::After(position),
            },
            limit: query.limit,
            count: query.count,
        }
    }

    fn key(wit::Key { kind, id }: wit::Key) -> Key {
        Key { kind, id }
    }

    fn link(link: wit::Link) -> Link {
        Link { source: key(link.source), name: link.name, target: key(link.target) }
    }

    fn scalar(scalar: wit::Scalar) -> Scalar {
        match scalar {
            wit::Scalar::Text(text) => Scalar::Text(text),
            wit::Scalar::Number(number) => Scalar::Number(number),
            wit::Scalar::Boolean(flag) => Scalar::Boolean(flag),
        }
    }

    fn term(term: wit::Term) -> Term {
        Term { path: term.path, value: scalar(term.value), unique: term.unique }
    }

    fn draft(draft: wit::Draft) -> Draft {
        let terms = draft.terms.into_iter().map(term).collect();
        Draft { key: key(draft.key), body: draft.body, terms }
    }

    fn operator(operator: wit::Operator) -> Operator {
        match operator {
            wit::Operator::Equal => Operator::Equal,
            wit::Operator::Less => Operator::Less,
            wit::Operator::LessOrEqual => Operator::LessOrEqual,
            wit::Operator::Greater => Operator::Greater,
            wit::Operator::GreaterOrEqual => Operator::GreaterOrEqual,
            wit::Operator::Contains => Operator::Contains,
            wit::Operator::StartsWith => Operator::StartsWith,
            wit::Operator::EndsWith => Operator::EndsWith,
        }
    }

    fn node(node: wit::Node) -> Node {
        match node {
            wit::Node::Compare(comparison) => Node::Compare(Comparison {
                path: comparison.path,
                operator: operator(comparison.operator),
                value: scalar(comparison.value),
            }),
            wit::Node::Present(path) => Node::Present(path),
            wit::Node::Linked(relation) => Node::Linked(Relation {
                name: relation.name,
                direction: direction(relation.direction),
                other: key(relation.other),
            }),
            wit::Node::All(count) => Node::All(count),
            wit::Node::Any(count) => Node::Any(count),
            wit::Node::Negate => Node::Negate,
        }
    }

    fn event(event: wit::Event) -> Event {
        Event {
            channel: match event.channel {
                wit::Channel::Feed => Channel::Feed,
                wit::Channel::Audit => Channel::Audit,
            },
            name: event.name,
            subject: event.subject.map(key),
            body: event.body,
        }
    }

    fn write(write: wit::Write) -> Write {
        match write {
            wit::Write::Insert(new) => Write::Insert(draft(new)),
            wit::Write::Replace(wit::Replacement { draft: new, version }) => {
                Write::Replace(Replacement { draft: draft(new), version })
            }
            wit::Write::Remove(wit::Removal { key: old, version }) => {
                Write::Remove(Removal { key: key(old), version })
            }
            wit::Write::Expect(wit::Expectation { key: read, version }) => {
                Write::Expect(Expectation { key: key(read), version })
            }
            wit::Write::Link(new) => Write::Link(links(new)),
            wit::Write::Unlink(old) => Write::Unlink(links(old)),
            wit::Write::UnlinkAll(wit::LinkSet { source, name }) => {
                Write::UnlinkAll(LinkSet { source: key(source), name })
            }
            wit::Write::Adjust(wit::Adjustment { counter, by, ceiling }) => {
                Write::Adjust(Adjustment { counter, by, ceiling })
            }
            wit::Write::Append(new) => Write::Append(event(new)),
            wit::Write::Redact(subject) => Write::Redact(key(subject)),
        }
    }
}

/// Converts a store's answers into the types that the component receives.
pub(super) mod lower {
    use crate::bindings::scimlet::plugin::store as wit;
    use crate::store::{Committed, Entry, Hit, Key, Link, LinkPage, Page, Refusal, Rejection};

    pub fn entries(entries: Vec<Option<Entry>>) -> Vec<Option<wit::Entry>> {
        entries.into_iter().map(|found| found.map(entry)).collect()
    }

    pub fn page(page: Page) -> wit::Page {
        let hit = |Hit { entry: found, position }| wit::Hit { entry: entry(found), position };
        wit::Page {
            hits: page.hits.into_iter().map(hit).collect(),
            total: page.total,
            exact: page.exact,
            ordered: page.ordered,
        }
    }

    pub fn link_pages(pages: Vec<LinkPage>) -> Vec<wit::LinkPage> {
        let page = |page: LinkPage| wit::LinkPage {
            links: page.links.into_iter().map(link).collect(),
            next: page.next,
        };
        pages.into_iter().map(page).collect()
    }

    pub fn refusal(refusal: Refusal) -> wit::Refusal {
        match refusal {
            Refusal::Taken(path) => wit::Refusal::Taken(path),
            Refusal::Stale(entry) => wit::Refusal::Stale(key(entry)),
            Refusal::Missing(entry) => wit::Refusal::Missing(key(entry)),
            Refusal::OverCeiling(counter) => wit::Refusal::OverCeiling(counter),
            Refusal::TooMany(what) => wit::Refusal::TooMany(what),
            Refusal::Invalid(what) => wit::Refusal::Invalid(what),
            Refusal::Unavailable(why) => wit::Refusal::Unavailable(why),
            Refusal::NotDone(why) => wit::Refusal::NotDone(why),
            Refusal::Damaged(what) => wit::Refusal::Damaged(what),
        }
    }

    pub fn rejection(rejection: Rejection) -> wit::Rejection {
        wit::Rejection { write: rejection.write, reason: refusal(rejection.reason) }
    }

    pub fn committed(committed: Committed) -> wit::Committed {
        let version = |(changed, version)| (key(changed), version);
        wit::Committed {
            at: committed.at,
            versions: committed.versions.into_iter().map(version).collect(),
        }
    }

    fn key(Key { kind, id }: Key) -> wit::Key {
        wit::Key { kind, id }
    }

    fn link(link: Link) -> wit::Link {
        wit::Link { source: key(link.source), name: link.name, target: key(link.target) }
    }

    fn entry(entry: Entry) -> wit::Entry {
        wit::Entry {
            key: key(entry.key),
            version: entry.version,
            created: entry.created,
            modified: entry.modified,
            body: entry.body,
        }
    }
}
