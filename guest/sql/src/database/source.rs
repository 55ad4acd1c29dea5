//! Lists of values as rows of a statement. A list is one parameter, a JSON text, so that a
//! statement's text does not depend on how long it is, and drivers need no arrays.

use crate::{Dialect, Sql};

/// The type of a column of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// An integer of 64 bits.
    Integer,
    /// A text.
    Text,
}

/// A value of a list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item<'a> {
    /// An integer of 64 bits.
    Integer(i64),
    /// A text.
    Text(&'a str),
}

impl From<i64> for Item<'_> {
    fn from(number: i64) -> Self {
        Item::Integer(number)
    }
}

impl From<usize> for Item<'_> {
    fn from(number: usize) -> Self {
        Item::Integer(number as i64)
    }
}

impl<'a> From<&'a str> for Item<'a> {
    fn from(text: &'a str) -> Self {
        Item::Text(text)
    }
}

impl<'a> From<&'a String> for Item<'a> {
    fn from(text: &'a String) -> Self {
        Item::Text(text)
    }
}

/// A list, as the JSON text that becomes its parameter.
#[derive(Debug)]
pub(super) struct List(String);

impl List {
    /// Returns an empty list.
    pub(super) fn new() -> List {
        List(String::from("["))
    }

    /// Adds a row of several values.
    pub(super) fn row(&mut self, items: &[Item<'_>]) {
        self.separate();
        self.0.push('[');
        items.iter().for_each(|item| self.item(*item));
        self.0.push(']');
    }

    /// Adds a single value.
    pub(super) fn item(&mut self, item: Item<'_>) {
        self.separate();
        match item {
            Item::Integer(number) => self.0.push_str(&number.to_string()),
            Item::Text(text) => {
                let written = serde_json::to_string(text);
                self.0.push_str(written.as_deref().unwrap_or("\"\""));
            }
        }
    }

    fn separate(&mut self) {
        if !self.0.ends_with('[') {
            self.0.push(',');
        }
    }

    fn finish(mut self) -> String {
        self.0.push(']');
        self.0
    }
}

/// Returns the rows of a list for FROM, under the name `w`: the given columns, and `place`, which
/// counts from 0.
pub(super) fn listed(dialect: Dialect, columns: &[(&str, Type)], list: List) -> Sql {
    let mut text = String::from("(SELECT ");
    for (index, (name, kind)) in columns.iter().enumerate() {
        text.push_str(&match (dialect, kind) {
            (Dialect::Sqlite, _) => format!("json_extract(value, '$[{index}]') AS {name}, "),
            (Dialect::Postgres, Type::Text) => format!("j.value->>{index} AS {name}, "),
            (Dialect::Postgres, Type::Integer) => {
                format!("(j.value->>{index})::BIGINT AS {name}, ")
            }
        });
    }
    text.push_str(match dialect {
        Dialect::Sqlite => "key AS place FROM json_each(?)) AS w",
        Dialect::Postgres => {
            "j.place - 1 AS place FROM json_array_elements(?::JSON)
             WITH ORDINALITY AS j(value, place)) AS w"
        }
    });
    Sql::new(&text).bind(list.finish())
}

/// Returns a query for the numbers of a list, for `IN (…)`.
pub(super) fn numbers(dialect: Dialect, numbers: &[i64]) -> Sql {
    let mut list = List::new();
    numbers.iter().for_each(|number| list.item(Item::Integer(*number)));
    let text = match dialect {
        Dialect::Sqlite => "SELECT value FROM json_each(?)",
        Dialect::Postgres => "SELECT json_array_elements_text(?::JSON)::BIGINT",
    };
    Sql::new(text).bind(list.finish())
}

/// Returns a query for the texts of a list, for `IN (…)`.
pub(super) fn texts<'a>(dialect: Dialect, texts: impl Iterator<Item = &'a str>) -> Sql {
    let mut list = List::new();
    texts.for_each(|text| list.item(Item::Text(text)));
    let text = match dialect {
        Dialect::Sqlite => "SELECT value FROM json_each(?)",
        Dialect::Postgres => "SELECT json_array_elements_text(?::JSON)",
    };
    Sql::new(text).bind(list.finish())
}
