//! A tenant served by core natively, with the same clock and the same random bytes in every run.

use std::sync::Arc;

use anyhow::Context;
use scimlet::http::Caller;
use scimlet::store::{Database, Store};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::exchange::{Answer, Call, Endpoint, InProcess, TENANT};
use crate::fixed::{KnownBytes, SteppingClock};
use crate::native::Native;

/// A tenant that is asked from outside of any runtime.
pub struct Tenant {
    endpoint: InProcess,
    runtime: Runtime,
}

impl Tenant {
    /// A tenant with this profile in a database.
    ///
    /// # Errors
    /// If the profile is refused.
    pub fn over(database: &dyn Database, profile: &str) -> anyhow::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).build()?;
        let native = Native {
            clock: Arc::new(SteppingClock::default()),
            random: Arc::new(KnownBytes::default()),
        };
        let endpoint = runtime.block_on(async {
            database.create_tenant(TENANT, 0).await?;
            let store = database.open(TENANT).await?.context("no tenant")?;
            native.configure(store.clone(), profile).await?;
            let secret = native.issue_credential(store.clone(), TENANT).await?.secret;
            anyhow::Ok(InProcess {
                provider: Arc::new(native),
                store,
                secret,
                caller: Caller::Unknown,
            })
        })?;
        Ok(Self { endpoint, runtime })
    }

    /// A secret that is good here.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.endpoint.secret()
    }

    /// Returns the tenant's store.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.endpoint.store
    }

    /// Sends a call as it is.
    ///
    /// # Errors
    /// If core panics.
    pub fn send(&self, call: Call) -> anyhow::Result<Answer> {
        self.runtime.block_on(self.endpoint.send(call))
    }

    /// Sends a request with the secret, and with a body unless it is null.
    ///
    /// # Errors
    /// If core panics.
    pub fn ask(&self, method: &str, target: &str, body: &Value) -> anyhow::Result<Answer> {
        let header = |name: &str, value: String| (name.to_owned(), value);
        let mut headers = vec![header("authorization", format!("Bearer {}", self.secret()))];
        let mut text = String::new();
        if !body.is_null() {
            headers.push(header("content-type", "application/scim+json".to_owned()));
            text = body.to_string();
        }
        self.send(Call {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: text,
        })
    }

    /// Sends a GET with the secret.
    ///
    /// # Errors
    /// If core panics.
    pub fn get(&self, target: &str) -> anyhow::Result<Answer> {
        self.ask("GET", target, &Value::Null)
    }
}

/// A target with query parameters, percent-encoded.
///
/// # Panics
/// Never: the base is a URL.
#[must_use]
pub fn target(path: &str, parameters: &[(&str, impl AsRef<str>)]) -> String {
    let url = reqwest::Url::parse_with_params("http://any", parameters).expect("it is a URL");
    format!("{path}?{}", url.query().unwrap_or_default())
}
