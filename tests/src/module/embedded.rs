//! The module over a tenant's store, as an embedder uses it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, anyhow, bail};
use async_trait::async_trait;
use scimlet::store::Store;
use scimlet_sql::Dialect;
use scimlet_sql::database::Connection;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::store::over;
use super::{Import, Instance, Moment};
use crate::exchange::{Answer, Call, Endpoint, InProcess, TENANT};
use crate::sql;

/// Where a tenant's entries are.
trait Storage: Send + Sync {
    /// The member `database` of the calls.
    fn database(&self) -> Option<Value>;

    /// Answers the calls of the module.
    fn import(&self, runtime: Handle) -> Import;
}

struct InStore(Arc<dyn Store>);

impl Storage for InStore {
    fn database(&self) -> Option<Value> {
        None
    }

    fn import(&self, runtime: Handle) -> Import {
        over(self.0.clone(), runtime)
    }
}

struct InDatabase<C>(Arc<Mutex<C>>);

impl<C: Connection + Send + 'static> Storage for InDatabase<C> {
    fn database(&self) -> Option<Value> {
        let dialect = match self.0.lock().ok()?.dialect() {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
        };
        Some(json!({"dialect": dialect, "tenant": TENANT}))
    }

    fn import(&self, _: Handle) -> Import {
        let connection = self.0.clone();
        Box::new(move |text| {
            let connection = connection.lock().map_err(|_| anyhow!("a call panicked"))?;
            Ok(sql::answer(&*connection, text)?.to_string().into_bytes())
        })
    }
}

/// Answers `application.before-commit`: from the changes to the answer of the import.
pub type Application = Arc<dyn Fn(&Value) -> Value + Send + Sync>;

/// A tenant's SCIM service, each of whose calls has the time and the seed of its number.
pub struct Embedded {
    storage: Arc<dyn Storage>,
    secret: String,
    calls: AtomicU64,
    /// The instance between calls; `None` if each call has a fresh one.
    kept: Option<Arc<Mutex<Option<Instance>>>>,
    /// The application; `None` if it hears of no changes.
    application: Option<Application>,
}

impl Embedded {
    /// Sets the tenant's profile and issues a credential, both through the module.
    ///
    /// # Errors
    /// If the profile is refused.
    pub async fn new(store: Arc<dyn Store>, profile: &str, keep: bool) -> anyhow::Result<Self> {
        Self::over(Arc::new(InStore(store)), profile, keep).await
    }

    /// Sets the tenant's profile and issues a credential, over a connection to a database, on
    /// which it first makes the tables and the tenant.
    ///
    /// # Errors
    /// If the database fails, or the profile is refused.
    pub async fn over_sql<C: Connection + Send + 'static>(
        connection: C,
        profile: &str,
        keep: bool,
    ) -> anyhow::Result<Self> {
        let storage = Arc::new(InDatabase(Arc::new(Mutex::new(connection))));
        let unset = Self {
            storage: storage.clone(),
            secret: String::new(),
            calls: AtomicU64::new(0),
            kept: None,
            application: None,
        };
        outcome(unset.call("tables.migrate", json!({})).await?)?;
        outcome(unset.call("tables.create-tenant", json!({"name": TENANT})).await?)?;
        Self::over(storage, profile, keep).await
    }

    async fn over(storage: Arc<dyn Storage>, profile: &str, keep: bool) -> anyhow::Result<Self> {
        let mut embedded = Self {
            storage,
            secret: String::new(),
            calls: AtomicU64::new(0),
            kept: keep.then(Arc::default),
            application: None,
        };
        outcome(embedded.call("admin.configure", json!({"profile": profile})).await?)?;
        let request = json!({"tenant": TENANT, "label": "test", "scheme": "bearer", "scopes": []});
        let issued = embedded.call("admin.issue-credential", json!({"request": request})).await?;
        let secret = outcome(issued)?["secret"].as_str().map(str::to_owned);
        embedded.secret = secret.context("no secret")?;
        Ok(embedded)
    }

    /// Lets the application hear of changes from now on.
    #[must_use]
    pub fn with_application(self, application: Application) -> Self {
        Self { application: Some(application), ..self }
    }

    /// Calls a function of the module with its arguments by name, and returns what it returned.
    ///
    /// # Errors
    /// If the module traps, or says that the call is wrong.
    pub async fn call(&self, function: &str, arguments: Value) -> anyhow::Result<Value> {
        let moment = Moment::of(self.calls.fetch_add(1, Ordering::Relaxed));
        let members = [
            ("database", self.storage.database()),
            ("application", self.application.as_ref().map(|_| true.into())),
        ];
        let members = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let text = moment.call_with(members, function, &arguments);
        let (storage, kept, runtime) = (self.storage.clone(), self.kept.clone(), Handle::current());
        let application = self.application.clone();
        let call = move || {
            let idle = kept.as_deref().and_then(|kept| kept.lock().ok()?.take());
            let mut instance = idle.map_or_else(Instance::new, Ok)?;
            let stored = storage.import(runtime);
            instance.answered_by(match application {
                None => stored,
                Some(application) => heard(application, stored),
            });
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

/// Answers for the application, and leaves other calls to another import.
fn heard(application: Application, mut other: Import) -> Import {
    Box::new(move |text| {
        let call: Value = serde_json::from_slice(text)?;
        if call["call"] != "application.before-commit" {
            return other(text);
        }
        Ok(application(&call["arguments"]["changes"]).to_string().into_bytes())
    })
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
