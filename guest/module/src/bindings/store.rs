//! `wit/store.wit`. A call that the host cannot answer is one that the store refused as
//! `unavailable`.

use super::{exchanged, received, sent};
use crate::call;
use crate::json::{Outcome, wide};

exchanged! {
    pub struct Key {
        pub kind: String,
        pub id: String,
    }

    pub struct Link {
        pub source: Key,
        pub name: String,
        pub target: Key,
    }
}

received! {
    pub struct Entry {
        pub key: Key,
        #[serde(deserialize_with = "wide")]
        pub version: u64,
        #[serde(deserialize_with = "wide")]
        pub created: u64,
        #[serde(deserialize_with = "wide")]
        pub modified: u64,
        pub body: String,
    }

    pub struct Hit {
        pub entry: Entry,
        pub position: String,
    }

    pub struct Page {
        pub hits: Vec<Hit>,
        #[serde(default, deserialize_with = "wide")]
        pub total: Option<u64>,
        pub exact: bool,
        pub ordered: bool,
    }

    pub struct LinkPage {
        pub links: Vec<Link>,
        pub next: Option<String>,
    }

    pub enum Refusal {
        Taken(String),
        Stale(Key),
        Missing(Key),
        OverCeiling(String),
        TooMany(String),
        Invalid(String),
        Unavailable(String),
        NotDone(String),
        Damaged(String),
    }

    pub struct Rejection {
        pub write: u32,
        pub reason: Refusal,
    }

    pub struct Committed {
        #[serde(deserialize_with = "wide")]
        pub at: u64,
        #[serde(deserialize_with = "wide")]
        pub versions: Vec<(Key, u64)>,
    }
}

sent! {
    pub enum Scalar {
        Text(String),
        Number(f64),
        Boolean(bool),
    }

    pub struct Term {
        pub path: String,
        pub value: Scalar,
        pub unique: bool,
    }

    pub struct Draft {
        pub key: Key,
        pub body: String,
        pub terms: Vec<Term>,
    }

    pub enum Operator {
        Equal,
        Less,
        LessOrEqual,
        Greater,
        GreaterOrEqual,
        Contains,
        StartsWith,
        EndsWith,
    }

    pub struct Comparison {
        pub path: String,
        pub operator: Operator,
        pub value: Scalar,
    }

    pub enum Direction {
        Outgoing,
        Incoming,
    }

    pub struct Relation {
        pub name: String,
        pub direction: Direction,
        pub other: Key,
    }

    pub enum Node {
        Compare(Comparison),
        Present(String),
        Linked(Relation),
        All(u32),
        Any(u32),
        Negate,
    }

    pub struct Order {
        pub path: String,
        pub descending: bool,
    }

    pub enum Window {
        Offset(u64),
        After(String),
    }

    pub struct Query {
        pub kind: String,
        pub filter: Vec<Node>,
        pub order: Option<Order>,
        pub window: Window,
        pub limit: u32,
        pub count: bool,
    }

    pub struct Adjustment {
        pub counter: String,
        pub by: i64,
        pub ceiling: Option<u64>,
    }

    pub enum Channel {
        Feed,
        Audit,
    }

    pub struct Event {
        pub channel: Channel,
        pub name: String,
        pub subject: Option<Key>,
        pub body: String,
    }

    pub struct Replacement {
        pub draft: Draft,
        pub version: u64,
    }

    pub struct Removal {
        pub key: Key,
        pub version: Option<u64>,
    }

    pub struct Expectation {
        pub key: Key,
        pub version: u64,
    }

    pub struct LinkSet {
        pub source: Key,
        pub name: String,
    }

    pub enum Write {
        Insert(Draft),
        Replace(Replacement),
        Remove(Removal),
        Expect(Expectation),
        Link(Vec<Link>),
        Unlink(Vec<Link>),
        UnlinkAll(LinkSet),
        Adjust(Adjustment),
        Append(Event),
        Redact(Key),
    }

    struct Get<'a> {
        keys: &'a [Key],
    }

    struct Find<'a> {
        query: &'a Query,
    }

    struct Links<'a> {
        anchors: &'a [Key],
        name: &'a str,
        direction: Direction,
        after: Option<&'a str>,
        limit: u32,
    }

    struct Has<'a> {
        links: &'a [Link],
    }

    struct Commit<'a> {
        at: u64,
        actor: &'a str,
        writes: &'a [Write],
    }
}

pub fn get(keys: &[Key]) -> Result<Vec<Option<Entry>>, Refusal> {
    call::ask("store.get", &Get { keys }).map_or_else(unanswered, Outcome::into)
}

pub fn find(query: &Query) -> Result<Page, Refusal> {
    call::ask("store.find", &Find { query }).map_or_else(unanswered, Outcome::into)
}

pub fn links(
    anchors: &[Key],
    name: &str,
    direction: Direction,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<LinkPage>, Refusal> {
    let arguments = Links { anchors, name, direction, after, limit };
    call::ask("store.links", &arguments).map_or_else(unanswered, Outcome::into)
}

pub fn has(links: &[Link]) -> Result<Vec<bool>, Refusal> {
    call::ask("store.has", &Has { links }).map_or_else(unanswered, Outcome::into)
}

pub fn commit(at: u64, actor: &str, writes: &[Write]) -> Result<Committed, Rejection> {
    let answer = call::ask("store.commit", &Commit { at, actor, writes });
    let rejected = |sentence| Rejection { write: 0, reason: Refusal::Unavailable(sentence) };
    answer.map_or_else(|sentence| Err(rejected(sentence)), Outcome::into)
}

fn unanswered<T>(sentence: String) -> Result<T, Refusal> {
    Err(Refusal::Unavailable(sentence))
}
