//! Clients' quirks, against the recorded exchanges: each is needed by the steps that say so
//! (`needs: NAME`), the journal names it there, and `strict.http` has what the RFC answers without
//! it.

mod import;
mod large;
mod removal;

use std::sync::{Arc, Mutex};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::http::Caller;
use scimlet::plugin::CredentialRequest;
use scimlet::plugin::journal::{Journal, Note, Subject};
use scimlet::store::Database;
use scimlet::store::memory::Memory;
use scimlet::{Plugin, PluginOptions};
use scimlet_core::dialect;
use scimlet_core::profile::Policy;
use scimlet_tests::exchange::{self, Exchange, InProcess, Running, TENANT};
use scimlet_tests::wording::mentions;
use serde_json::Value;

/// Two trials for each quirk, one for the marks, and those of imports.
pub fn trials() -> Vec<Trial> {
    let mut trials = import::trials();
    trials.extend(large::trials());
    trials.extend(removal::trials());
    for quirk in dialect::all() {
        let name = quirk.name;
        let needed = move || async move { needed(name).await };
        trials.push(super::trial(format!("quirks::needed::{name}"), needed));
        let strict = move || async move { strict(name) };
        trials.push(super::trial(format!("quirks::strict::{name}"), strict));
    }
    trials.push(super::trial("quirks::marks_name_quirks", || async { marks() }));
    trials
}

/// Each marked step goes wrong without the quirk, and the journal says that it fires with it.
async fn needed(quirk: &str) -> anyhow::Result<()> {
    let mut marked = 0;
    for exchange in exchange::all()? {
        for at in (0..exchange.steps.len()).filter(|&at| has(&exchange, at, quirk)) {
            marked += 1;
            let title = &exchange.steps[at].title;
            let step = || format!("{}: {title}", exchange.name);
            check(&exchange, at, quirk).await.with_context(step)?;
        }
    }
    ensure!(marked > 0, "no recorded step needs it");
    Ok(())
}

fn has(exchange: &Exchange, at: usize, quirk: &str) -> bool {
    exchange.steps[at].needs.iter().any(|name| name == quirk)
}

async fn check(exchange: &Exchange, at: usize, quirk: &str) -> anyhow::Result<()> {
    let without = without(&exchange.profile, quirk)?;
    let outcome = last(exchange, at, &without).await?;
    ensure!(outcome.is_err(), "it goes right without the quirk");
    let notes = last(exchange, at, &exchange.profile).await??;
    ensure!(notes.iter().any(|note| mentions(note, quirk)), "no word of it: {notes:?}");
    Ok(())
}

/// The profile with all of its quirks but one.
fn without(profile: &str, quirk: &str) -> anyhow::Result<String> {
    let policy = Policy::from_document(profile)?;
    let names = policy.quirks.iter().map(|quirk| quirk.name);
    let names: Vec<&str> = names.filter(|name| *name != quirk).collect();
    let mut document: Value = serde_json::from_str(profile)?;
    document["clients"] = names.into();
    Ok(document.to_string())
}

/// Does the steps up to the one at `at`, and that one under another profile: what the journal was
/// told then, or why the answer was not right.
async fn last(
    exchange: &Exchange,
    at: usize,
    profile: &str,
) -> anyhow::Result<anyhow::Result<Vec<String>>> {
    let journal = Arc::new(RecordingJournal::default());
    let plugin = Arc::new(Plugin::new(PluginOptions::default().with_journal(journal.clone()))?);
    let database = Memory::exact();
    database.create_tenant(TENANT, 0).await?;
    let store = database.open(TENANT).await?.context("no tenant")?;
    let admin = plugin.admin(store.clone());
    admin.configure(&exchange.profile, None).await?;
    let request = CredentialRequest::bearer(TENANT, "test");
    let secret = admin.issue_credential(&request).await?.secret;
    let endpoint = InProcess { provider: plugin.clone(), store, secret, caller: Caller::Unknown };
    let mut running = Running::new(&endpoint);
    for step in &exchange.steps[..at] {
        running.step(step).await?;
    }
    admin.configure(profile, None).await?;
    journal.0.lock().expect("nobody panics with it").clear();
    let outcome = running.step(&exchange.steps[at]).await;
    let notes = journal.0.lock().expect("nobody panics with it").clone();
    Ok(outcome.map(|_| notes))
}

/// A journal that keeps the notes about rewriting.
#[derive(Default)]
struct RecordingJournal(Mutex<Vec<String>>);

impl Journal for RecordingJournal {
    fn write(&self, _: &Subject, note: Note) {
        if note.topic == "dialect" {
            let mut notes = self.0.lock().expect("nobody panics with it");
            notes.push(note.text);
        }
    }
}

/// The strict profile has no quirks, and `strict.http` shows what it answers where this one would
/// act.
fn strict(quirk: &str) -> anyhow::Result<()> {
    let exchanges = exchange::all()?;
    let strict = exchanges.iter().find(|exchange| exchange.name == "strict");
    let strict = strict.context("there is no strict.http")?;
    let policy = Policy::from_document(&strict.profile)?;
    ensure!(policy.quirks.is_empty(), "its profile has quirks");
    let begins = format!("{quirk}: ");
    let shown = strict.steps.iter().any(|step| step.title.starts_with(&begins));
    ensure!(shown, "no step of strict.http begins with `{begins}`");
    Ok(())
}

/// Every quirk that an exchange says it needs exists, so that no such mark is left unchecked.
fn marks() -> anyhow::Result<()> {
    for exchange in exchange::all()? {
        let marks = exchange.steps.iter().flat_map(|step| &step.needs);
        for mark in marks {
            let known = dialect::all().iter().any(|quirk| quirk.name == mark);
            ensure!(known, "{}: there is no quirk `{mark}`", exchange.name);
        }
    }
    Ok(())
}
