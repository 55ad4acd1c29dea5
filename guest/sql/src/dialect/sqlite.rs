//! SQLite's parts of the shared SQL.

use scimlet_store::Operator;

use crate::Sql;

/// Both operators compare bytes: SQLite's `length` of a text would stop at U+0000.
pub(super) fn within(operator: Operator, text: &str) -> Sql {
    let bytes = text.as_bytes().to_vec();
    match operator {
        Operator::EndsWith => {
            Sql::new("substr(CAST(t.value AS BLOB), ?) = ?").bind(-(bytes.len() as i64)).bind(bytes)
        }
        _ => Sql::new("instr(CAST(t.value AS BLOB), ?) > 0").bind(bytes),
    }
}
