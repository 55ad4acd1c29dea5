//! Instructions for each request, which no other work on the machine changes: counted by valgrind
//! in a process that answers requests without HTTP, one after another, over a SQLite file. What a
//! process needs to start is left out by taking the difference between two processes that answer
//! different numbers of requests. `cargo bench -p scimlet-tests --bench instructions -- --requests
//! 100`
//!
//! valgrind shows programs a simpler processor than it runs on, so that the component is compiled
//! for that, once, which takes minutes; wasmtime's cache keeps it.

#[path = "instructions/subject.rs"]
mod subject;

use std::process::Command;

use anyhow::{Context, ensure};
use scimlet_bench::Operation;
use scimlet_tests::bench_support::{Bars, COMPARED, Series, Spread, option, save};
use serde_json::{Map, Value, json};

/// How many processes are compared, of which each answers more requests than the one before.
const TURNS: u32 = 3;

/// The sides that are compared.
const SIDES: [&str; 3] = ["fresh", "reused", "native"];

fn main() -> anyhow::Result<()> {
    let inner: String = option("side", String::new())?;
    if !inner.is_empty() {
        let operation: String = option("operation", String::new())?;
        let people = option("people", 1)?;
        return subject::run(&inner, &operation, option("requests", 1)?, people);
    }
    let found = Command::new("valgrind").arg("--version").output();
    found.context("valgrind is needed: `apt-get install valgrind`")?;
    benchmark(option("requests", 50)?)
}

fn benchmark(requests: u32) -> anyhow::Result<()> {
    println!("thousands of instructions a request; each median is of two differences");
    println!("                 fresh    reused    native  fresh / native  reused / native");
    let mut figures = Map::new();
    let mut series = SIDES.map(|name| Series { name: name.to_owned(), values: Vec::new() });
    for operation in COMPARED.map(Operation::name) {
        let mut medians = Vec::new();
        let mut spreads = Map::new();
        print!("{operation:<12}");
        for (side, series) in SIDES.iter().zip(&mut series) {
            let each = each(side, operation, requests)?;
            print!("{:>10.0}", each.median / 1e3);
            series.values.push(each.median / 1e3);
            medians.push(each.median);
            spreads.insert((*side).to_owned(), each.json());
        }
        let [fresh, reused, native] = medians[..] else {
            anyhow::bail!("not three sides");
        };
        let (of_fresh, of_reused) = (fresh / native, reused / native);
        println!("{of_fresh:>16.2}{of_reused:>17.2}");
        let figure = json!({
            "instructions": spreads,
            "freshByNative": of_fresh, "reusedByNative": of_reused,
        });
        figures.insert(operation.to_owned(), figure);
    }
    let plot = Bars {
        title: "Thousands of instructions a request, SQLite".to_owned(),
        groups: COMPARED.map(|of| of.name().to_owned()).to_vec(),
        series: series.to_vec(),
    };
    save("instructions", &Value::Object(figures), &plot)
}

/// Instructions of one request.
fn each(side: &str, operation: &str, requests: u32) -> anyhow::Result<Spread> {
    let mut totals = Vec::new();
    for times in 1..=TURNS {
        totals.push(total(side, operation, [requests * times, requests * TURNS])?);
    }
    let differences = totals.windows(2).map(|pair| match pair {
        [less, more] => (more - less) / f64::from(requests),
        _ => 0.0,
    });
    Spread::of(differences.collect()).context("no differences")
}

/// All instructions of a process that answers so many requests when so many people are there, so
/// that each can join a group.
fn total(side: &str, operation: &str, [requests, people]: [u32; 2]) -> anyhow::Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        // wasmtime's code is made at run time.
        .arg("--smc-check=all-non-file")
        .arg(std::env::current_exe()?)
        .args(["--side", side, "--operation", operation])
        .args(["--requests", &requests.to_string()])
        .args(["--people", &people.to_string()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{side}, {operation}: {said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let number = collected.and_then(|(_, number)| number.trim().parse().ok());
    number.with_context(|| format!("valgrind does not say how many: {said}"))
}
