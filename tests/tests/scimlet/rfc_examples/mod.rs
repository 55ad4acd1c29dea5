//! The examples that RFC 7644 and RFC 9865 print. Each is a step of a recorded exchange, which
//! names it, or `tests/vectors/printed.tsv` says why it is none. A step that asks or answers
//! otherwise than the print does so for a reason that stands there, too. And the documents that RFC
//! 7643 prints.

mod documents;
mod schemas;

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use libtest_mimic::{Failed, Trial};
use percent_encoding::percent_decode_str;
use scimlet_tests::exchange::{self, Bindings, Step};
use scimlet_tests::{needs, supplied};
use serde_json::Value;

/// The base URL of the RFCs' examples.
const BASE: &str = "https://example.com/v2";

/// Ids that the RFCs shorten in one place and print in full in another.
const SHORTENED: [(&str, &str); 2] = [
    ("2819c223...413861904646", "2819c223-7f76-453a-919d-413861904646"),
    ("08e1d05d...473d93df9210", "08e1d05d-121c-4561-8b96-473d93df9210"),
];

/// Headers that are the connection's and the tenant's, or that the print abbreviates.
const LEFT_ALONE: [&str; 3] = ["Host", "Authorization", "Content-Length"];

/// One trial for each example.
pub fn trials() -> Vec<Trial> {
    let examples = match supplied::cases("rfc/examples.jsonl") {
        Ok(examples) => examples,
        Err(error) => {
            let missing = move || needs::with(Err::<(), _>(error), |()| Ok(()));
            return vec![Trial::ignorable_test("printed", missing)];
        }
    };
    let mut decisions: BTreeMap<&str, Decision> = decisions().collect();
    let mut steps = steps();
    let (documents, examples): (Vec<_>, Vec<_>) = examples
        .into_iter()
        .filter(|example| [7643, 7644, 9865].contains(&example["rfc"].as_u64().unwrap_or_default()))
        .partition(|example| example["rfc"] == 7643);
    let mut trials = documents::trials(documents);
    for example in examples {
        let id = example["id"].as_str().unwrap_or_default().to_owned();
        let decision = decisions.remove(id.as_str());
        let steps = steps.remove(&id).unwrap_or_default();
        trials.push(trial(&id, move || judge(&example, &steps, decision)));
    }
    let unknown = decisions.into_keys().map(str::to_owned);
    trials.extend(
        unknown.chain(steps.into_keys()).map(|id| trial(&id, || bail!("there is no such example"))),
    );
    trials
}

fn trial(id: &str, judge: impl FnOnce() -> anyhow::Result<()> + Send + 'static) -> Trial {
    let outcome = || judge().map_err(|error| Failed::from(format!("{error:#}")));
    Trial::test(format!("printed::{id}"), outcome)
}

/// The steps that name an example, by its id.
fn steps() -> BTreeMap<String, Vec<Step>> {
    let exchanges = exchange::all().expect("the recorded exchanges are well formed");
    let mut found: BTreeMap<String, Vec<Step>> = BTreeMap::new();
    for step in exchanges.into_iter().flat_map(|exchange| exchange.steps) {
        for id in &step.printed {
            found.entry(id.clone()).or_default().push(step.clone());
        }
    }
    found
}

/// The decision on an example: `absent` or `differs`, and the reason.
type Decision = (&'static str, &'static str);

fn decisions() -> impl Iterator<Item = (&'static str, Decision)> {
    let lines = include_str!("../../../vectors/printed.tsv").lines().skip(1);
    lines.filter_map(|line| {
        let mut fields = line.splitn(3, '\t');
        let mut next = || fields.next().filter(|field| !field.is_empty());
        Some((next()?, (next()?, next()?)))
    })
}

fn judge(example: &Value, steps: &[Step], decision: Option<Decision>) -> anyhow::Result<()> {
    let decided = decision.map(|(what, _)| what);
    if steps.is_empty() {
        ensure!(
            decided == Some("absent"),
            "no recorded step is this example, and printed.tsv does not say why"
        );
        return Ok(());
    }
    for step in steps {
        match (agrees(step, example), decided) {
            (Ok(()), None) | (Err(_), Some("differs")) => {}
            (Ok(()), Some(what)) => bail!("`{}` is as printed, not `{what}`", step.title),
            (Err(why), _) => return Err(why.context(step.title.clone())),
        }
    }
    Ok(())
}

/// Whether a step asks, or answers, as printed. What the service chooses is bound to what the RFC's
/// service has chosen.
fn agrees(step: &Step, example: &Value) -> anyhow::Result<()> {
    let mut bindings = Bindings::new(BASE);
    let start = example["start"].as_str().unwrap_or_default();
    let document = spelled_out(&example["json"])?;
    if example["kind"] == "response" || document["Resources"].is_array() {
        if let Some(status) = start.split(' ').nth(1) {
            ensure!(status == step.status.to_string(), "the status is {status}");
            for (name, value) in answer_headers(example) {
                let own = step.headers.iter().find(|(own, _)| name.eq_ignore_ascii_case(own));
                let agrees = own.is_some_and(|(_, own)| bindings.matches(own, &value));
                ensure!(agrees, "the header {name} is {value}");
            }
        }
        return answers(step, &document, &mut bindings);
    }
    if !start.is_empty() {
        asks(step, start, &mut bindings)?;
        for header in example["headers"].as_array().context("no headers")? {
            has_header(step, header, &mut bindings)?;
        }
    }
    if document.is_null() {
        ensure!(step.call.body.is_empty(), "there is no body");
        return Ok(());
    }
    let template = serde_json::from_str(&step.call.body).context("the step's body")?;
    match bindings.difference(&template, &document, "") {
        None => Ok(()),
        Some(difference) => bail!(difference),
    }
}

/// Returns the headers about the resource in a printed answer. The RFC's print breaks URLs over
/// lines, and has one in quotes.
fn answer_headers(example: &Value) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for header in example["headers"].as_array().into_iter().flatten() {
        let text = |i: usize| header[i].as_str().unwrap_or_default();
        match (text(0), found.last_mut()) {
            ("https", Some((_, broken))) => *broken = format!("https:{}", text(1)),
            (name @ ("Content-Type" | "Location" | "ETag"), _) => {
                found.push((name.to_owned(), unquoted(text(1)).to_owned()));
            }
            _ => {}
        }
    }
    found
}

fn unquoted(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text)
}

fn asks(step: &Step, start: &str, bindings: &mut Bindings) -> anyhow::Result<()> {
    let line = start.trim_end_matches("HTTP/1.1").trim();
    let (method, target) = line.split_once(' ').context("no request line")?;
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let target = target.strip_prefix("/v2").unwrap_or(target);
    ensure!(method == step.call.method, "the method is {method}");
    ensure!(bindings.matches(&plain(&step.call.target), &plain(target)), "the target is {target}");
    Ok(())
}

fn has_header(step: &Step, header: &Value, bindings: &mut Bindings) -> anyhow::Result<()> {
    let (name, value) = (header[0].as_str(), header[1].as_str());
    let (name, value) = name.zip(value).context("no header")?;
    let mut own = step.call.headers.iter();
    let own = own.find(|(key, _)| key.eq_ignore_ascii_case(name));
    let agrees = own.is_some_and(|(_, own)| bindings.matches(own, value));
    ensure!(agrees || LEFT_ALONE.contains(&name), "the header {name} is {value}");
    Ok(())
}

/// Whether everything that is printed is in the step's answer, which may hold more.
fn answers(step: &Step, document: &Value, bindings: &mut Bindings) -> anyhow::Result<()> {
    let body = step.body.as_deref().context("the step does not say the answer")?;
    if document.is_null() {
        ensure!(body.is_empty(), "there is no body");
        return Ok(());
    }
    let template = serde_json::from_str(body).context("the step's answer")?;
    covers(&template, document, bindings, "")
}

fn covers(
    template: &Value,
    printed: &Value,
    bindings: &mut Bindings,
    at: &str,
) -> anyhow::Result<()> {
    match (template, printed) {
        (Value::Object(template), Value::Object(printed)) => {
            // The sentence of an error is each service's own.
            for (name, printed) in printed.iter().filter(|(name, _)| *name != "detail") {
                let own = template.get(name);
                let own = own.with_context(|| format!("{at}/{name} is not there"))?;
                covers(own, printed, bindings, &format!("{at}/{name}"))?;
            }
        }
        (Value::Array(template), Value::Array(printed)) => {
            ensure!(template.len() >= printed.len(), "{at} has too few values");
            for (i, (own, printed)) in template.iter().zip(printed).enumerate() {
                covers(own, printed, bindings, &format!("{at}/{i}"))?;
            }
        }
        (Value::String(own), Value::String(text)) => {
            ensure!(bindings.matches(own, text), "{at} is printed as {text}");
        }
        (own, printed) => ensure!(own == printed, "{at} is printed as {printed}"),
    }
    Ok(())
}

/// The document with the ids in full.
fn spelled_out(document: &Value) -> anyhow::Result<Value> {
    let text = SHORTENED
        .iter()
        .fold(document.to_string(), |text, (short, full)| text.replace(short, full));
    Ok(serde_json::from_str(&text)?)
}
