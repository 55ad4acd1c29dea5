//! A tenant in memory, served natively.

use std::sync::Arc;

use anyhow::Context;
use scimlet::http::Caller;
use scimlet::store::memory::Memory;
use scimlet::store::{Channel, Database, TenantStorage};
use scimlet_tests::exchange::{Answer, Call, Endpoint, InProcess, TENANT};
use scimlet_tests::fixed::{KnownBytes, SteppingClock};
use scimlet_tests::native::Native;
use serde_json::{Value, json};

use super::faulty_store::{Fault, FaultyStore};

/// The service of one tenant, and its store behind the fault.
pub struct Tenant {
    endpoint: InProcess,
    store: Arc<dyn TenantStorage>,
    /// How often a commit was tried since the tenant was made.
    pub meddling: Arc<FaultyStore>,
}

impl Tenant {
    /// A new tenant whose requests suffer from the fault.
    pub async fn new(fault: Fault) -> anyhow::Result<Self> {
        let native = Native {
            clock: Arc::new(SteppingClock::default()),
            random: Arc::new(KnownBytes::default()),
        };
        let memory = Memory::exact();
        memory.create_tenant(TENANT, 0).await?;
        let store = memory.open(TENANT).await?.context("it was just made")?;
        native.configure(store.clone(), r#"{"extends":"default"}"#).await?;
        let issued = native.issue_credential(store.clone(), TENANT).await?;
        let meddling = Arc::new(FaultyStore::new(store.clone(), fault, &issued.listed.id));
        let endpoint = InProcess {
            provider: Arc::new(native),
            store: meddling.clone(),
            secret: issued.secret,
            caller: Caller::Unknown,
        };
        Ok(Self { endpoint, store, meddling })
    }

    /// Sends a request; without a body if that is null.
    pub async fn ask(&self, method: &str, target: &str, body: &Value) -> anyhow::Result<Answer> {
        self.ask_in_version(method, target, body, None).await
    }

    /// Sends a request, with If-Match if a version is given; without a body if that is null.
    pub async fn ask_in_version(
        &self,
        method: &str,
        target: &str,
        body: &Value,
        version: Option<&str>,
    ) -> anyhow::Result<Answer> {
        let secret = self.endpoint.secret();
        let mut headers = vec![("Authorization".to_owned(), format!("Bearer {secret}"))];
        headers.extend(version.map(|version| ("If-Match".to_owned(), version.to_owned())));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let call = Call { method: method.to_owned(), target: target.to_owned(), headers, body };
        self.endpoint.send(call).await
    }

    /// Sends operations in one request; returns the results.
    pub async fn bulk(&self, operations: &[Value]) -> anyhow::Result<Vec<Value>> {
        let schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
        let body = json!({"schemas": [schema], "Operations": operations});
        let answer = self.ask("POST", "/Bulk", &body).await?;
        anyhow::ensure!(answer.status == 200, "{answer:?}");
        let document: Value = serde_json::from_str(&answer.body)?;
        let results = document["Operations"].as_array().cloned();
        results.context("no results")
    }

    /// Everything that a client can read and everything that others hear of, as one text. Times are
    /// left out.
    pub async fn state(&self) -> anyhow::Result<String> {
        let mut state = String::new();
        for target in ["/Users?count=1000", "/Groups?count=1000"] {
            let answer = self.ask("GET", target, &Value::Null).await?;
            let mut document: Value = serde_json::from_str(&answer.body)?;
            let resources = document["Resources"].as_array_mut();
            for resource in resources.context("no resources")? {
                resource["meta"]["created"].take();
                resource["meta"]["lastModified"].take();
                state += &format!("{resource}\n");
            }
        }
        for event in self.events().await? {
            state += &format!("{event}\n");
        }
        Ok(state)
    }

    /// Returns the events of the feed, as texts.
    pub async fn events(&self) -> anyhow::Result<Vec<String>> {
        let recorded = self.store.events(0, 1000).await;
        let recorded = recorded.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
        let feed = recorded.iter().map(|recorded| &recorded.event);
        let feed = feed.filter(|event| event.channel == Channel::Feed);
        Ok(feed.map(|event| format!("{event:?}")).collect())
    }
}

/// A user.
pub fn user(name: &str) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name})
}

/// An operation that makes a user.
pub fn post_user(number: usize) -> Value {
    let name = format!("user.{number}");
    json!({"method": "POST", "path": "/Users", "bulkId": name, "data": user(&name)})
}
