//! The contract of stores as WebAssembly, over stores that hold it and over stores that break one
//! rule of it on purpose.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::store::memory::Memory;
use scimlet::store::{Database, Store};
use scimlet_contract::blocking::NOT_IN_JSON;
use scimlet_sql::database::Connection;
use scimlet_tests::module::{self, Import, Instance};
use scimlet_tests::sql::{self, PostgresConnection, SqliteConnection};
use scimlet_tests::{needs, postgres};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::broken::{BROKEN, Breaking};
use crate::{runtime, trial};

/// The trials.
pub fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("contract::wasm::good_store", || async {
            none(over_store(Memory::exact(), None, &FEW).await?)
        }),
        trial("contract::wasm::good_connection", || async {
            let folder = TempDir::new()?;
            let connection = SqliteConnection::open(&folder.path().join("app.db"))?;
            none(over_connection(connection, "sqlite").await?)
        }),
        trial("contract::wasm::good_connection_of_a_component", || async {
            let folder = TempDir::new()?;
            let connection = SqliteConnection::open(&folder.path().join("app.db"))?;
            none(sql::broken_rules(connection, names(&FEW)).await?)
        }),
        Trial::ignorable_test("contract::wasm::good_connection_to_postgres", || {
            needs::with(postgres::shared(), |cluster| {
                let url = cluster.database()?;
                runtime()?.block_on(async {
                    let connection = PostgresConnection::open(&url).await?;
                    none(over_connection(connection, "postgres").await?)
                })
            })
        }),
        trial("contract::wasm::unknown_case", || async {
            let told = run(&["unique::nothing"], import(Memory::exact(), None), None).await?;
            ensure!(told.len() == 1 && told[0].contains("unique::nothing"), "{told:?}");
            Ok(())
        }),
    ];
    trials.extend(BROKEN.iter().map(|(name, breaking, rule)| {
        trial(format!("contract::wasm::broken_store::{name}"), move || async move {
            let (subject, _) = rule.split_once(':').context("a rule has a subject")?;
            let told = over_store(Memory::exact(), Some(*breaking), &[subject]).await?;
            ensure!(told.iter().any(|sentence| sentence.starts_with(rule)), "{told:?}");
            Ok(())
        })
    }));
    trials
}

/// The subjects whose cases are quick.
const FEW: [&str; 8] =
    ["get_commit", "unique", "links", "unlinking", "find", "counters", "times", "table"];

/// The names of the cases about these subjects.
fn names(subjects: &[&str]) -> Vec<String> {
    let cases = scimlet_contract::blocking::names();
    let wanted = |name: &&str| subjects.iter().any(|of| name.split("::").next() == Some(of));
    cases.into_iter().filter(wanted).map(str::to_owned).collect()
}

fn none(told: Vec<String>) -> anyhow::Result<()> {
    ensure!(told.is_empty(), "{told:#?}");
    Ok(())
}

/// Runs cases over the stores of a database, broken in one way or not.
async fn over_store(
    database: Memory,
    breaking: Option<Breaking>,
    subjects: &[&str],
) -> anyhow::Result<Vec<String>> {
    let names = names(subjects);
    let has_form = |name: &&str| !NOT_IN_JSON.contains(name);
    let names: Vec<&str> = names.iter().map(String::as_str).filter(has_form).collect();
    run(&names, import(database, breaking), None).await
}

/// Answers `stores.select` and the functions of `store`.
fn import(database: Memory, breaking: Option<Breaking>) -> Import {
    let runtime = Handle::current();
    let mut stores: BTreeMap<String, Arc<dyn Store>> = BTreeMap::new();
    let mut selected: Option<Arc<dyn Store>> = None;
    Box::new(move |text| {
        let call: Value = serde_json::from_slice(text)?;
        if call["call"] == "stores.select" {
            let name = call["arguments"]["tenant"].as_str().context("no name")?;
            if !stores.contains_key(name) {
                let store = runtime.block_on(made(&database, name))?;
                let store = breaking.map_or(store.clone(), |breaking| breaking(store));
                stores.insert(name.to_owned(), store);
            }
            selected = stores.get(name).cloned();
            return Ok(json!({"return": null}).to_string().into_bytes());
        }
        let store = selected.clone().context("no store is selected")?;
        Ok(runtime.block_on(module::answer(&*store, text))?.to_string().into_bytes())
    })
}

async fn made(database: &Memory, name: &str) -> anyhow::Result<Arc<dyn Store>> {
    database.create_tenant(name, 0).await?;
    let store = database.open(name).await?.context("it was made")?;
    Ok(store)
}

/// Runs cases over a connection.
async fn over_connection(
    connection: impl Connection + Send + 'static,
    dialect: &str,
) -> anyhow::Result<Vec<String>> {
    let import: Import =
        Box::new(move |text| Ok(sql::answer(&connection, text)?.to_string().into_bytes()));
    let database = json!({"dialect": dialect, "tenant": "kit"});
    let names = names(&FEW);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    run(&names, import, Some(database)).await
}

/// Calls `contract.run` of the module, and returns its sentences.
async fn run(
    cases: &[&str],
    import: Import,
    database: Option<Value>,
) -> anyhow::Result<Vec<String>> {
    let mut call = json!({"call": "contract.run", "arguments": {"cases": cases}});
    if let Some(database) = database {
        call["database"] = database;
    }
    let answer = spawn_blocking(move || {
        let mut instance = Instance::of_contract()?;
        instance.answered_by(import);
        instance.call(call.to_string().as_bytes())
    });
    let answer: Value = serde_json::from_slice(&answer.await??)?;
    serde_json::from_value(answer["return"].clone()).with_context(|| answer.to_string())
}
