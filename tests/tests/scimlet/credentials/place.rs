//! A tenant on a clock that a trial sets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context;
use scimlet::clock::Clock;
use scimlet::http::Caller;
use scimlet::plugin::journal::{Journal, Note, Subject};
use scimlet::plugin::{Admin, CredentialRequest, Issued};
use scimlet::store::memory::Memory;
use scimlet::store::{Database, TenantStorage};
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::exchange::{Answer, Call, Endpoint, InProcess, TENANT};
use serde_json::Value;

/// When every trial begins, in seconds since 1970.
pub const BEGIN: u64 = 1_767_225_600;
/// Seconds of a day.
pub const DAY: u64 = 24 * 60 * 60;

/// A clock that stands until it is set.
struct Set(AtomicU64);

impl Clock for Set {
    fn now(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// Keeps what guests note.
#[derive(Default)]
struct Notes(Mutex<Vec<Note>>);

impl Journal for Notes {
    fn write(&self, _: &Subject, note: Note) {
        let mut notes = self.0.lock().expect("nobody panics with it");
        notes.push(note);
    }
}

/// A tenant and its clock.
pub struct Place {
    plugin: Arc<Plugin>,
    /// The tenant's store.
    pub store: Arc<dyn TenantStorage>,
    clock: Arc<Set>,
    notes: Arc<Notes>,
}

impl Place {
    /// A tenant with this profile.
    pub async fn new(profile: &Value) -> anyhow::Result<Self> {
        let clock = Arc::new(Set(AtomicU64::new(BEGIN)));
        let notes = Arc::new(Notes::default());
        let options = PluginOptions::default().with_clock(clock.clone());
        let plugin = Arc::new(Plugin::new(options.with_journal(notes.clone()))?);
        let database = Memory::exact();
        database.create_tenant(TENANT, 0).await?;
        let store = database.open(TENANT).await?.context("no tenant")?;
        let place = Self { plugin, store, clock, notes };
        let profile = profile.to_string();
        place.admin().configure(&profile, None).await?;
        Ok(place)
    }

    /// The tenant's administration.
    pub fn admin(&self) -> Admin<'_> {
        self.plugin.admin(self.store.clone())
    }

    /// Lets so many seconds pass since the beginning.
    pub fn at(&self, seconds: u64) {
        self.clock.0.store(BEGIN + seconds, Ordering::Relaxed);
    }

    /// Returns the last note of the journal about access; empty if there is none.
    pub fn refused(&self) -> String {
        let notes = self.notes.0.lock().expect("nobody panics with it");
        let mut notes = notes.iter().rev().filter(|note| note.topic == "access");
        notes.next().map_or_else(String::new, |note| note.text.clone())
    }

    /// A bearer with these scopes.
    pub async fn issue(&self, scopes: &[&str]) -> anyhow::Result<Issued> {
        let request = CredentialRequest {
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            ..CredentialRequest::bearer(TENANT, "test")
        };
        Ok(self.admin().issue_credential(&request).await?)
    }

    /// The answer to a request with this Authorization header.
    pub async fn ask(
        &self,
        authorization: &str,
        call: (&str, &str, &Value),
    ) -> anyhow::Result<Answer> {
        let (method, target, body) = call;
        let endpoint = InProcess {
            provider: self.plugin.clone(),
            store: self.store.clone(),
            secret: String::new(),
            caller: Caller::Unknown,
        };
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        endpoint
            .send(Call {
                method: method.to_owned(),
                target: target.to_owned(),
                headers: vec![("authorization".to_owned(), authorization.to_owned())],
                body,
            })
            .await
    }

    /// The status of a list of users asked for with this Authorization header.
    pub async fn reads(&self, authorization: &str) -> anyhow::Result<u16> {
        let answer = self.ask(authorization, ("GET", "/Users", &Value::Null));
        Ok(answer.await?.status)
    }
}
