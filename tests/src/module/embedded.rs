//! The module over a tenant's store, as an embedder uses it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, anyhow, bail};
use async_trait::async_trait;
use scimlet::store::Store;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::{Instance, Moment, over};
use crate::exchange::{Answer, Call, Endpoint, InProcess, TENANT};

/// A tenant's SCIM service, each of whose calls has the time and the seed of its number.
pub struct Embedded {
    store: Arc<dyn Store>,
    secret: String,
    calls: AtomicU64,
    /// The instance between calls; `None` if each call has a fresh one.
    kept: Option<Arc<Mutex<Option<Instance>>>>,
}

impl Embedded {
    /// Sets the tenant's profile and issues a credential, both through the module.
    ///
    /// # Errors
    /// If the profile is refused.
    pub async fn new(store: Arc<dyn Store>, profile: &str, keep: bool) -> anyhow::Result<Self> {
        let mut embedded = Self {
            store,
            secret: String::new(),
            calls: AtomicU64::new(0),
            kept: keep.then(Arc::default),
        };
        outcome(embedded.call("admin.configure", json!({"profile": profile})).await?)?;
        let request = json!({"tenant": TENANT, "label": "test", "scheme": "bearer", "scopes": []});
        let issued = embedded.call("admin.issue-credential", json!({"request": request})).await?;
        let secret = outcome(issued)?["secret"].as_str().map(str::to_owned);
        embedded.secret = secret.context("no secret")?;
        Ok(embedded)
    }

    /// Calls a function of the module with its arguments by name, and returns what it returned.
    ///
    /// # Errors
    /// If the module traps, or says that the call is wrong.
    pub async fn call(&self, function: &str, arguments: Value) -> anyhow::Result<Value> {
        let moment = Moment::of(self.calls.fetch_add(1, Ordering::Relaxed));
        let text = moment.call(function, &arguments);
        let (store, kept, runtime) = (self.store.clone(), self.kept.clone(), Handle::current());
        let call = move || {
            let idle = kept.as_deref().and_then(|kept| kept.lock().ok()?.take());
            let mut instance = idle.map_or_else(Instance::new, Ok)?;
            instance.answered_by(over(store, runtime));
            let answer = instance.call(text.as_bytes())?;
            if let Some(kept) = kept {
                *kept.lock().map_err(|_| anyhow!("a call panicked"))? = Some(instance);
            }
            anyhow::Ok(answer)
        };
        let answer = spawn_blocking(call).await??;
        let mut answer: Value = serde_json::from_slice(&answer)?;
        match answer.get_mut("return") {
            Some(value) => Ok(value.take()),
            None => bail!("{function}: {answer}"),
        }
    }
}

/// The value of a result, or its error as a text.
///
/// # Errors
/// If it is an error.
pub fn outcome(mut result: Value) -> anyhow::Result<Value> {
    match result.get_mut("ok") {
        Some(value) => Ok(value.take()),
        None => bail!("{result}"),
    }
}

#[async_trait]
impl Endpoint for Embedded {
    fn base(&self) -> &str {
        InProcess::BASE
    }

    fn secret(&self) -> &str {
        &self.secret
    }

    async fn send(&self, call: Call) -> anyhow::Result<Answer> {
        let (path, query) = call.target.split_once('?').unwrap_or((&call.target, ""));
        let arguments = json!({
            "origin": {"tenant": TENANT, "base-url": InProcess::BASE, "caller": "unknown"},
            "request": {
                "method": call.method,
                "path": path,
                "query": query,
                "headers": call.headers,
                "body": call.body,
            },
        });
        let response = self.call("provider.handle", arguments).await?;
        let status = response["status"].as_u64().context("no status")?;
        // As HTTP servers do.
        let body =
            if call.method == "HEAD" { "" } else { response["body"].as_str().context("?")? };
        Ok(Answer {
            status: u16::try_from(status)?,
            headers: serde_json::from_value(response["headers"].clone())?,
            body: body.to_owned(),
        })
    }
}
