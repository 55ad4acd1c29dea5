//! Chooses commits and queries at random, of few keys and few values, so that each meets what
//! earlier ones wrote.

use scimlet::store::{
    Direction, Draft, Key, Link, Node, Operator, Order, Query, Removal, Scalar, Window, Write,
};
use scimlet_contract::kit::{
    adjust, compare, event, expect, group, key, linked, member, replace, term, text, unique, user,
};
use scimlet_tests::dice::Dice;

/// Chooses at random.
pub struct Chooser {
    dice: Dice,
}

const OPERATORS: [Operator; 8] = [
    Operator::Equal,
    Operator::Less,
    Operator::LessOrEqual,
    Operator::Greater,
    Operator::GreaterOrEqual,
    Operator::Contains,
    Operator::StartsWith,
    Operator::EndsWith,
];

const WORDS: [&str; 10] = ["", "a", "A", "ab", "b", "ba", "é", "\u{E000}", "\u{1F600}", "50%_"];

impl Chooser {
    pub fn new(dice: Dice) -> Self {
        Self { dice }
    }

    /// One of so many.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.dice.below(bound)
    }

    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn word(&mut self) -> &'static str {
        self.dice.pick(&WORDS).copied().unwrap_or_default()
    }

    /// The key of an entry that may be there.
    pub fn key(&mut self) -> Key {
        let number = self.below(12);
        match self.below(8) {
            0..=4 => user(&number.to_string()),
            5..=6 => group(&(number % 4).to_string()),
            _ => key("$credential", &(number % 2).to_string()),
        }
    }

    pub fn link(&mut self) -> Link {
        let target = match self.below(4) {
            0 => group(&self.below(4).to_string()),
            _ => user(&self.below(12).to_string()),
        };
        let source = match self.once_in(20) {
            true => self.key(),
            false => group(&self.below(4).to_string()),
        };
        let mut link = member(source, target);
        if self.once_in(8) {
            link.name = "owners".into();
        }
        link
    }

    fn draft(&mut self, key: Key) -> Draft {
        let mut terms = Vec::new();
        if !self.once_in(6) {
            let mut name = unique("userName", self.word());
            name.unique = !self.once_in(6);
            terms.push(name);
        }
        terms.extend((0..self.below(4)).map(|_| term("emails.value", text(self.word()))));
        if self.once_in(2) {
            terms.push(term("active", Scalar::Boolean(self.once_in(2))));
        }
        if self.once_in(2) {
            terms.push(term("age", self.number()));
        }
        let body = format!("{{\"x\":{}}}", self.below(100));
        Draft { key, body, terms }
    }

    fn number(&mut self) -> Scalar {
        let numbers = [0.0, -0.0, 1.0, -1.0, 2.5, 10.0, 1e300, -1e300];
        Scalar::Number(self.dice.pick(&numbers).copied().unwrap_or_default())
    }

    /// A few writes; `version` tells an entry's.
    pub fn writes(&mut self, version: impl Fn(&Key) -> u64) -> Vec<Write> {
        let count = 1 + self.below(5);
        (0..count).map(|_| self.write(&version)).collect()
    }

    fn write(&mut self, version: &impl Fn(&Key) -> u64) -> Write {
        let key = self.key();
        let right = version(&key);
        let version = match self.below(12) {
            0 => self.below(4),
            1 => 0,
            _ => right,
        };
        match self.below(16) {
            0..=3 if right == 0 => Write::Insert(self.draft(key)),
            0..=4 => replace(self.draft(key), version),
            5 => Write::Insert(self.draft(key)),
            6 => Write::Remove(Removal { key, version: (!self.once_in(2)).then_some(version) }),
            7 => expect(key, version),
            8..=10 => Write::Link((0..=self.below(2)).map(|_| self.link()).collect()),
            11 => Write::Unlink(vec![self.link()]),
            12 => Write::UnlinkAll(scimlet::store::LinkSet {
                source: group(&self.below(4).to_string()),
                name: "members".into(),
            }),
            13 => {
                let by = [1, 2, -1, i64::MAX, i64::MIN];
                let by = self.dice.pick(&by).copied().unwrap_or_default();
                adjust("seats", by, self.once_in(2).then_some(5))
            }
            14 => Write::Redact(key),
            _ => Write::Append(event("changed", self.once_in(2).then_some(key), "{}")),
        }
    }

    pub fn query(&mut self) -> Query {
        let orders = ["userName", "active", "age", "absent"];
        let path = self.dice.pick(&orders).copied().unwrap_or_default();
        let order =
            self.once_in(2).then(|| Order { path: path.into(), descending: self.once_in(2) });
        let mut filter = Vec::new();
        if !self.once_in(5) {
            self.filter(3, &mut filter);
        }
        Query {
            kind: ["User", "User", "User", "Group", "Absent"][self.below(5) as usize].into(),
            filter,
            order,
            window: Window::Offset(self.below(3) * self.below(8)),
            limit: 1 + self.below(6) as u32,
            count: self.once_in(2),
        }
    }

    /// Adds one filter in postfix order.
    fn filter(&mut self, depth: u32, nodes: &mut Vec<Node>) {
        if depth == 0 || self.once_in(2) {
            let leaf = self.leaf();
            nodes.push(leaf);
            return;
        }
        if self.once_in(3) {
            self.filter(depth - 1, nodes);
            nodes.push(Node::Negate);
            return;
        }
        let count = self.below(4);
        (0..count).for_each(|_| self.filter(depth - 1, nodes));
        nodes.push(match self.once_in(2) {
            true => Node::All(count as u32),
            false => Node::Any(count as u32),
        });
    }

    fn leaf(&mut self) -> Node {
        let paths = ["userName", "emails.value", "active", "age", "absent"];
        let path = self.dice.pick(&paths).copied().unwrap_or_default();
        match self.below(8) {
            0 => Node::Present(path.into()),
            1 => {
                let direction = match self.once_in(2) {
                    true => Direction::Outgoing,
                    false => Direction::Incoming,
                };
                let other = self.key();
                linked(direction, other)
            }
            2 => compare(path, OPERATORS[self.below(5) as usize], self.number()),
            3 => {
                let flag = Scalar::Boolean(self.once_in(2));
                compare(path, OPERATORS[self.below(5) as usize], flag)
            }
            _ => compare(path, OPERATORS[self.below(8) as usize], text(self.word())),
        }
    }
}
