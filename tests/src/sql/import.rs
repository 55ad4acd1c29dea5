//! The interface `sql` in JSON, as an embedder answers the core module: the forms of
//! `wit/module.md`.

use anyhow::{Context as _, anyhow, bail};
use data_encoding::BASE64;
use scimlet_sql::database::{Cell, Connection, Failure, Mode, Statement};
use serde_json::{Value, json};

/// Answers a call of the module.
///
/// # Errors
/// If it is not one of `wit/sql.wit`.
pub fn answer(connection: &impl Connection, text: &[u8]) -> anyhow::Result<Value> {
    let call: Value = serde_json::from_slice(text)?;
    let given = &call["arguments"];
    let result = match call["call"].as_str().context("no call")? {
        "journal.write" => return Ok(json!({"return": null})),
        "sql.begin" => done(connection.begin(match given["mode"].as_str() {
            Some("read") => Mode::Read,
            Some("write") => Mode::Write,
            other => bail!("{other:?} is no mode"),
        })),
        "sql.execute" => {
            let statements = given["statements"].as_array().context("no statements")?;
            let statements: anyhow::Result<Vec<Statement>> =
                statements.iter().map(statement).collect();
            match connection.execute(statements?) {
                Ok(found) => {
                    let row = |mut row: scimlet_sql::database::Row| {
                        Value::Array(row.by_ref().map(value).collect())
                    };
                    let rows = |rows: Vec<_>| Value::Array(rows.into_iter().map(row).collect());
                    json!({"ok": found.into_iter().map(rows).collect::<Vec<_>>()})
                }
                Err(failure) => failed(failure),
            }
        }
        "sql.commit" => done(connection.commit()),
        "sql.roll-back" => {
            connection.roll_back();
            return Ok(json!({"return": null}));
        }
        other => bail!("the import does not know {other}"),
    };
    Ok(json!({"return": result}))
}

fn done(result: Result<(), Failure>) -> Value {
    result.map_or_else(failed, |()| json!({"ok": null}))
}

fn failed(failure: Failure) -> Value {
    let failure = match failure {
        Failure::Again(why) => json!({"again": why}),
        Failure::Failed(why) => json!({"failed": why}),
        Failure::Unknown(why) => json!({"unknown": why}),
    };
    json!({"err": failure})
}

fn statement(statement: &Value) -> anyhow::Result<Statement> {
    let parameters = statement["parameters"].as_array().context("no parameters")?;
    let parameters: anyhow::Result<Vec<Cell>> = parameters.iter().map(cell).collect();
    let text = statement["text"].as_str().context("no text")?.to_owned();
    Ok(Statement { text, parameters: parameters? })
}

fn cell(value: &Value) -> anyhow::Result<Cell> {
    if value.as_str() == Some("null") {
        return Ok(Cell::Null);
    }
    let (kind, value) = value.as_object().and_then(|value| value.iter().next()).context("?")?;
    let text = || value.as_str().context("no text");
    Ok(match kind.as_str() {
        "integer" if value.is_string() => Cell::Integer(text()?.parse()?),
        "integer" => Cell::Integer(value.as_i64().context("no integer")?),
        "real" => Cell::Real(value.as_f64().context("no number")?),
        "text" => Cell::Text(text()?.to_owned()),
        "blob" => {
            let bytes = BASE64.decode(text()?.as_bytes());
            Cell::Bytes(bytes.map_err(|error| anyhow!("{error}"))?)
        }
        "boolean" => Cell::Boolean(value.as_bool().context("no truth value")?),
        other => bail!("{other} is no type"),
    })
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Null => json!("null"),
        Cell::Integer(number) if number.unsigned_abs() > 1 << 53 => {
            json!({"integer": number.to_string()})
        }
        Cell::Integer(number) => json!({"integer": number}),
        Cell::Real(number) => json!({"real": number}),
        Cell::Text(text) => json!({"text": text}),
        Cell::Bytes(bytes) => json!({"blob": BASE64.encode(&bytes)}),
        Cell::Boolean(flag) => json!({"boolean": flag}),
    }
}
