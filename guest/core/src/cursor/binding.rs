//! The query that a cursor is bound to, as bytes. They are the associated data that the cursor is
//! authenticated with, so that another query cannot open it; they are not part of the cursor. The
//! format is fixed: a client may continue with another version of the service than the one that
//! sealed its cursor, unless that leaves another part of the query to the store.
//!
//! The bytes are a sequence of texts. Each is written as its length in bytes in decimal, a colon,
//! the text, and a comma: `4:User,`. Numbers are texts in decimal. In ABNF (RFC 5234), where each
//! terminal is one such text:
//!
//! ```text
//! binding    = *query               ; one query for each resource type that is searched
//! query      = kind predicate sort order nodes
//! kind       = text                 ; the kind of entries in the store
//! predicate  = ("all" / "any") number *predicate  ; how many, and each
//!              / "not" predicate / "pr" field / compare field operand
//!              / "element" field predicate
//! compare    = "eq" / "ne" / "co" / "sw" / "ew" / "gt" / "lt" / "ge" / "le"
//! operand    = "text" text          ; folded, unless its field is exact
//!              / "number" text      ; as the client sent it
//!              / "time" text number ; seconds since 1970, and nanoseconds
//!              / boolean
//! field      = case number *text    ; how many member names lead to it, and each
//! case       = "time" / "exact" / "folded"
//! sort       = "" / direction field
//! direction  = "ascending" / "descending"
//! order      = "" / direction path  ; the order that the store makes
//! nodes      = number *node         ; how many, and the filter that the store evaluates
//! node       = "pr" path / operator path value / end name kind id
//!              / "all" number / "any" number / "not"
//! operator   = "eq" / "lt" / "le" / "gt" / "ge" / "co" / "sw" / "ew"
//! end        = "outgoing" / "incoming"
//! value      = "text" text / "number" number / boolean  ; IEEE 754's bits of the number
//! boolean    = "boolean" ("true" / "false")
//! path       = text
//! ```

use crate::predicate::{Field, Operand, Predicate};
use crate::schema::DataType;
use crate::sort::Sort;
use crate::store::{Comparison, Direction, Node, Operator, Order, Relation, Scalar};

/// A query of one resource type, as it is evaluated here and as the store gets it.
pub struct BoundQuery<'a> {
    /// The kind of entries in the store.
    pub kind: &'a str,
    /// The filter that is evaluated here.
    pub predicate: &'a Predicate,
    /// The order that the client asked for.
    pub sort: Option<&'a Sort>,
    /// The order that the store makes.
    pub order: Option<&'a Order>,
    /// The filter that the store evaluates.
    pub nodes: &'a [Node],
}

/// The queries that a cursor is bound to.
#[derive(Clone, Debug, Default)]
pub struct Binding(Vec<u8>);

impl Binding {
    /// Returns the bytes that the cursor is authenticated with.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Adds the query of one more resource type.
    pub fn add(&mut self, query: &BoundQuery<'_>) {
        self.texts(&[query.kind]);
        self.predicate(query.predicate);
        match query.sort {
            None => self.texts(&[""]),
            Some(sort) => {
                self.texts(&[direction(sort.descending)]);
                self.field(&sort.field);
            }
        }
        match query.order {
            None => self.texts(&[""]),
            Some(order) => self.texts(&[direction(order.descending), &order.path]),
        }
        self.number(query.nodes.len() as u64);
        query.nodes.iter().for_each(|node| self.node(node));
    }

    fn predicate(&mut self, predicate: &Predicate) {
        match predicate {
            Predicate::All(parts) => self.predicates("all", parts),
            Predicate::Any(parts) => self.predicates("any", parts),
            Predicate::Not(inner) => {
                self.texts(&["not"]);
                self.predicate(inner);
            }
            Predicate::Compare(field, operator, operand) => {
                self.texts(&[operator.as_str()]);
                self.field(field);
                self.operand(operand);
            }
            Predicate::Present(field) => {
                self.texts(&["pr"]);
                self.field(field);
            }
            Predicate::Element(field, inner) => {
                self.texts(&["element"]);
                self.field(field);
                self.predicate(inner);
            }
        }
    }

    fn predicates(&mut self, word: &str, parts: &[Predicate]) {
        self.texts(&[word]);
        self.number(parts.len() as u64);
        parts.iter().for_each(|part| self.predicate(part));
    }

    fn field(&mut self, field: &Field) {
        let case = match field.data_type {
            DataType::DateTime => "time",
            _ if field.case_exact => "exact",
            _ => "folded",
        };
        self.texts(&[case]);
        self.number(field.steps.len() as u64);
        field.steps.iter().for_each(|step| self.texts(&[step]));
    }

    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Text(text) => self.texts(&["text", text]),
            Operand::Number(number) => self.texts(&["number", &number.to_string()]),
            Operand::Boolean(boolean) => self.boolean(*boolean),
            Operand::Instant(instant) => {
                let (seconds, nanoseconds) = instant.parts();
                self.texts(&["time", &seconds.to_string()]);
                self.number(u64::from(nanoseconds));
            }
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Present(path) => self.texts(&["pr", path]),
            Node::Negate => self.texts(&["not"]),
            Node::All(count) => self.texts(&["all", &count.to_string()]),
            Node::Any(count) => self.texts(&["any", &count.to_string()]),
            Node::Linked(Relation { name, direction, other }) => {
                let end = match direction {
                    Direction::Outgoing => "outgoing",
                    Direction::Incoming => "incoming",
                };
                self.texts(&[end, name, &other.kind, &other.id]);
            }
            Node::Compare(Comparison { path, operator, value }) => {
                self.texts(&[word(*operator), path]);
                self.value(value);
            }
        }
    }

    fn value(&mut self, value: &Scalar) {
        match value {
            Scalar::Text(text) => self.texts(&["text", text]),
            Scalar::Boolean(boolean) => self.boolean(*boolean),
            Scalar::Number(number) => self.texts(&["number", &number.to_bits().to_string()]),
        }
    }

    fn boolean(&mut self, boolean: bool) {
        self.texts(&["boolean", if boolean { "true" } else { "false" }]);
    }

    fn number(&mut self, number: u64) {
        self.texts(&[&number.to_string()]);
    }

    fn texts(&mut self, texts: &[&str]) {
        for text in texts {
            self.0.extend(text.len().to_string().bytes());
            self.0.push(b':');
            self.0.extend(text.bytes());
            self.0.push(b',');
        }
    }
}

fn direction(descending: bool) -> &'static str {
    if descending { "descending" } else { "ascending" }
}

fn word(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "eq",
        Operator::Less => "lt",
        Operator::LessOrEqual => "le",
        Operator::Greater => "gt",
        Operator::GreaterOrEqual => "ge",
        Operator::Contains => "co",
        Operator::StartsWith => "sw",
        Operator::EndsWith => "ew",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::CompareOp;
    use crate::instant;
    use crate::store::Key;

    const ALL: &Predicate = &Predicate::All(Vec::new());

    fn bytes(queries: &[BoundQuery<'_>]) -> String {
        let mut binding = Binding::default();
        queries.iter().for_each(|query| binding.add(query));
        String::from_utf8(binding.bytes().to_vec()).unwrap()
    }

    fn plain(kind: &str) -> BoundQuery<'_> {
        BoundQuery { kind, predicate: ALL, sort: None, order: None, nodes: &[] }
    }

    fn field(steps: &[&str], data_type: DataType, case_exact: bool) -> Field {
        let steps = steps.iter().map(|&step| step.to_owned()).collect();
        Field { steps, data_type, case_exact }
    }

    // These bytes must stay as they are: with others, a cursor that a client has is refused by the
    // next version.

    #[test]
    fn queries_follow_each_other() {
        let expected = "4:User,3:all,1:0,0:,0:,1:0,5:Group,3:all,1:0,0:,0:,1:0,";
        assert_eq!(bytes(&[plain("User"), plain("Group")]), expected);
        let order = Order { path: "title".to_owned(), descending: false };
        let field = field(&["urn:x", "title"], DataType::String, false);
        let sort = Sort { field, descending: true };
        let sorted = BoundQuery { sort: Some(&sort), order: Some(&order), ..plain("User") };
        let expected = "4:User,3:all,1:0,\
            10:descending,6:folded,1:2,5:urn:x,5:title,\
            9:ascending,5:title,\
            1:0,";
        assert_eq!(bytes(&[sorted]), expected);
    }

    #[test]
    fn predicates_are_written_in_front_of_their_parts() {
        let compare = |data_type, operator, operand| {
            Predicate::Compare(field(&["a", "b"], data_type, true), operator, operand)
        };
        let time = instant::parse("1970-01-02T00:00:00.5Z").unwrap();
        let folded = field(&["c"], DataType::Complex, false);
        let predicate = Predicate::Any(vec![
            compare(DataType::String, CompareOp::NotEqual, Operand::Text("ü".into())),
            compare(DataType::Integer, CompareOp::Equal, Operand::Number(10.into())),
            compare(DataType::Boolean, CompareOp::Equal, Operand::Boolean(true)),
            compare(DataType::DateTime, CompareOp::GreaterOrEqual, Operand::Instant(time)),
            Predicate::Not(Box::new(Predicate::Present(folded.clone()))),
            Predicate::Element(folded, Box::new(ALL.clone())),
        ]);
        let expected = "4:User,3:any,1:6,\
            2:ne,5:exact,1:2,1:a,1:b,4:text,2:ü,\
            2:eq,5:exact,1:2,1:a,1:b,6:number,2:10,\
            2:eq,5:exact,1:2,1:a,1:b,7:boolean,4:true,\
            2:ge,4:time,1:2,1:a,1:b,4:time,5:86400,9:500000000,\
            3:not,2:pr,6:folded,1:1,1:c,\
            7:element,6:folded,1:1,1:c,3:all,1:0,\
            0:,0:,1:0,";
        assert_eq!(bytes(&[BoundQuery { predicate: &predicate, ..plain("User") }]), expected);
    }

    #[test]
    fn nodes_are_written_in_their_order() {
        let compare = |operator, value| Node::compare("a.b", operator, value);
        let linked = |direction| {
            let other = Key { kind: "Group".into(), id: "g1".into() };
            Node::linked("members", direction, other)
        };
        let nodes = [
            compare(Operator::Equal, Scalar::Text("x".into())),
            compare(Operator::Less, Scalar::Boolean(true)),
            compare(Operator::LessOrEqual, Scalar::Boolean(false)),
            compare(Operator::Greater, Scalar::Number(1.5)),
            compare(Operator::GreaterOrEqual, Scalar::Text(String::new())),
            compare(Operator::Contains, Scalar::Text(":,".into())),
            compare(Operator::StartsWith, Scalar::Text("x".into())),
            compare(Operator::EndsWith, Scalar::Text("x".into())),
            Node::Present("c".into()),
            linked(Direction::Outgoing),
            linked(Direction::Incoming),
            Node::All(2),
            Node::Any(10),
            Node::Negate,
        ];
        let expected = "4:User,3:all,1:0,0:,0:,2:14,\
            2:eq,3:a.b,4:text,1:x,\
            2:lt,3:a.b,7:boolean,4:true,\
            2:le,3:a.b,7:boolean,5:false,\
            2:gt,3:a.b,6:number,19:4609434218613702656,\
            2:ge,3:a.b,4:text,0:,\
            2:co,3:a.b,4:text,2::,,\
            2:sw,3:a.b,4:text,1:x,\
            2:ew,3:a.b,4:text,1:x,\
            2:pr,1:c,\
            8:outgoing,7:members,5:Group,2:g1,\
            8:incoming,7:members,5:Group,2:g1,\
            3:all,1:2,\
            3:any,2:10,\
            3:not,";
        assert_eq!(bytes(&[BoundQuery { nodes: &nodes, ..plain("User") }]), expected);
    }
}
