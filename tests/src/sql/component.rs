//! `scimlet-sql.wasm` over a connection, as an embedder uses it whose runtime loads components.

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use anyhow::{anyhow, bail};
use async_trait::async_trait;
use scimlet_sql::Dialect;
use scimlet_sql::database::{self, Cell, Connection};
use tokio::task::spawn_blocking;
use wasmtime::component::{Component, HasSelf, Linker, ResourceTable};
use wasmtime::{Cache, CacheConfig, Config, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use self::bindings::scimlet::plugin::{application, http, journal, sql};
use self::bindings::{PluginSql, PluginSqlPre};
use super::SqliteConnection;
use crate::contract;
use crate::exchange::{Answer, Call, Endpoint, InProcess, TENANT};

mod bindings {
    #![allow(missing_docs, reason = "generated; wit/*.wit documents the interface")]
    wasmtime::component::bindgen!({ path: "../wit", world: "plugin-sql" });
}

mod contract_bindings {
    #![allow(missing_docs, reason = "generated; wit/*.wit documents the interface")]
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "contract-sql",
        with: { "scimlet:plugin/sql": super::bindings::scimlet::plugin::sql },
    });
}

/// The component.
pub const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/scimlet-sql.wasm"));

struct Host {
    connection: SqliteConnection,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl Host {
    fn new(connection: SqliteConnection) -> Self {
        Self { connection, wasi: WasiCtx::builder().build(), table: ResourceTable::new() }
    }
}

impl WasiView for Host {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl sql::Host for Host {
    fn database(&mut self) -> sql::BoundDatabase {
        let dialect = match self.connection.dialect() {
            Dialect::Sqlite => sql::Dialect::Sqlite,
            Dialect::Postgres => sql::Dialect::Postgres,
        };
        sql::BoundDatabase { dialect, tenant: TENANT.to_owned() }
    }

    fn begin(&mut self, mode: sql::Mode) -> Result<(), sql::Failure> {
        let mode = match mode {
            sql::Mode::Read => database::Mode::Read,
            sql::Mode::Write => database::Mode::Write,
        };
        self.connection.begin(mode).map_err(failure)
    }

    fn execute(
        &mut self,
        statements: Vec<sql::Statement>,
    ) -> Result<Vec<Vec<sql::Row>>, sql::Failure> {
        let statement = |statement: sql::Statement| database::Statement {
            text: statement.text,
            parameters: statement.parameters.into_iter().map(cell).collect(),
        };
        let found = self.connection.execute(statements.into_iter().map(statement).collect());
        let rows = |rows: Vec<database::Row>| {
            rows.into_iter().map(|row| row.map(value).collect()).collect()
        };
        Ok(found.map_err(failure)?.into_iter().map(rows).collect())
    }

    fn commit(&mut self) -> Result<(), sql::Failure> {
        self.connection.commit().map_err(failure)
    }

    fn roll_back(&mut self) {
        self.connection.roll_back();
    }
}

impl http::Host for Host {}

impl journal::Host for Host {
    fn write(&mut self, _: journal::Note) {}
}

impl application::Host for Host {
    fn before_commit(
        &mut self,
        _: Vec<application::Change>,
    ) -> Result<Vec<Option<String>>, application::Refusal> {
        Ok(Vec::new())
    }
}

fn failure(failure: database::Failure) -> sql::Failure {
    match failure {
        database::Failure::Again(why) => sql::Failure::Again(why),
        database::Failure::Failed(why) => sql::Failure::Failed(why),
        database::Failure::Unknown(why) => sql::Failure::Unknown(why),
    }
}

fn cell(value: sql::Value) -> Cell {
    match value {
        sql::Value::Null => Cell::Null,
        sql::Value::Integer(number) => Cell::Integer(number),
        sql::Value::Real(number) => Cell::Real(number),
        sql::Value::Text(text) => Cell::Text(text),
        sql::Value::Blob(bytes) => Cell::Bytes(bytes),
        sql::Value::Boolean(flag) => Cell::Boolean(flag),
    }
}

fn value(cell: Cell) -> sql::Value {
    match cell {
        Cell::Null => sql::Value::Null,
        Cell::Integer(number) => sql::Value::Integer(number),
        Cell::Real(number) => sql::Value::Real(number),
        Cell::Text(text) => sql::Value::Text(text),
        Cell::Bytes(bytes) => sql::Value::Blob(bytes),
        Cell::Boolean(flag) => sql::Value::Boolean(flag),
    }
}

fn linked() -> anyhow::Result<&'static PluginSqlPre<Host>> {
    static LINKED: LazyLock<anyhow::Result<PluginSqlPre<Host>>> = LazyLock::new(compiled);
    LINKED.as_ref().map_err(|error| anyhow!("{error:#}"))
}

fn engine() -> anyhow::Result<Engine> {
    let mut cache = CacheConfig::new();
    cache.with_directory(Path::new(env!("OUT_DIR")).join("compiled"));
    let mut config = Config::new();
    config.cache(Cache::new(cache).ok());
    Engine::new(&config).map_err(plain)
}

fn compiled() -> anyhow::Result<PluginSqlPre<Host>> {
    prelinked(COMPONENT)
}

/// Loads a component of the world `plugin-sql`.
///
/// # Errors
/// If it imports what this host does not give, or lacks an export.
pub fn load(component: &[u8]) -> anyhow::Result<()> {
    prelinked(component).map(drop)
}

fn prelinked(component: &[u8]) -> anyhow::Result<PluginSqlPre<Host>> {
    let engine = engine()?;
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).map_err(plain)?;
    PluginSql::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host).map_err(plain)?;
    let component = Component::new(&engine, component).map_err(plain)?;
    PluginSqlPre::new(linker.instantiate_pre(&component).map_err(plain)?).map_err(plain)
}

/// Runs cases of the contract of stores over a connection. Returns a sentence for each rule that
/// is broken.
///
/// # Errors
/// If the component cannot be used, or traps.
pub async fn broken_rules(
    connection: SqliteConnection,
    cases: Vec<String>,
) -> anyhow::Result<Vec<String>> {
    let run = move || {
        let engine = engine()?;
        let mut linker = Linker::new(&engine);
        contract_bindings::ContractSql::add_to_linker::<_, HasSelf<_>>(&mut linker, |host| host)
            .map_err(plain)?;
        let component = Component::new(&engine, contract::OVER_SQL).map_err(plain)?;
        let mut store = Store::new(&engine, Host::new(connection));
        let kit = contract_bindings::ContractSql::instantiate(&mut store, &component, &linker);
        let kit = kit.map_err(plain)?;
        kit.scimlet_plugin_contract().call_run(&mut store, &cases).map_err(plain)
    };
    spawn_blocking(run).await?
}

fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("{error:?}")
}

/// A kept instance of the component with its connection.
struct Instance {
    store: Store<Host>,
    plugin: PluginSql,
}

/// A tenant's SCIM service by the component, over a SQLite file.
pub struct OverComponent {
    instance: Arc<Mutex<Instance>>,
    secret: String,
}

impl OverComponent {
    /// Makes the tables and the tenant, sets the profile, and issues a credential.
    ///
    /// # Errors
    /// If the component cannot be used, or the profile is refused.
    pub async fn new(connection: SqliteConnection, profile: &str) -> anyhow::Result<Self> {
        let profile = profile.to_owned();
        spawn_blocking(move || Self::begin(connection, &profile)).await?
    }

    fn begin(connection: SqliteConnection, profile: &str) -> anyhow::Result<Self> {
        let linked = linked()?;
        let mut store = Store::new(linked.engine(), Host::new(connection));
        let plugin = linked.instantiate(&mut store).map_err(plain)?;
        let (tables, admin) = (plugin.scimlet_plugin_tables(), plugin.scimlet_plugin_admin());
        let migrated = tables.call_migrate(&mut store).map_err(plain)?;
        migrated.map_err(|why| anyhow!("{why:?}"))?;
        let made = tables.call_create_tenant(&mut store, TENANT).map_err(plain)?;
        made.map_err(|why| anyhow!("{why:?}"))?;
        let set = admin.call_configure(&mut store, profile, None).map_err(plain)?;
        set.map_err(|why| anyhow!("{why:?}"))?;
        let request = bindings::exports::scimlet::plugin::admin::CredentialRequest {
            tenant: TENANT.to_owned(),
            label: "test".to_owned(),
            scheme: "bearer".to_owned(),
            lifetime_seconds: None,
            scopes: Vec::new(),
            role: None,
            target_group: None,
        };
        let issued = admin.call_issue_credential(&mut store, &request).map_err(plain)?;
        let secret = issued.map_err(|why| anyhow!("{why:?}"))?.secret;
        Ok(Self { instance: Arc::new(Mutex::new(Instance { store, plugin })), secret })
    }
}

#[async_trait]
impl Endpoint for OverComponent {
    fn base(&self) -> &str {
        InProcess::BASE
    }

    fn secret(&self) -> &str {
        &self.secret
    }

    async fn send(&self, call: Call) -> anyhow::Result<Answer> {
        use bindings::scimlet::plugin::http::{Caller, Origin, Request};
        let instance = self.instance.clone();
        let handle = move || {
            let (path, query) = call.target.split_once('?').unwrap_or((&call.target, ""));
            let origin = Origin {
                tenant: TENANT.to_owned(),
                base_url: InProcess::BASE.to_owned(),
                client_address: None,
                caller: Caller::Unknown,
            };
            let request = Request {
                method: call.method.clone(),
                path: path.to_owned(),
                query: query.to_owned(),
                headers: call.headers.clone(),
                body: call.body.clone(),
            };
            let Ok(mut instance) = instance.lock() else { bail!("a call panicked") };
            let Instance { store, plugin } = &mut *instance;
            let provider = plugin.scimlet_plugin_provider();
            let response = provider.call_handle(store, &origin, &request).map_err(plain)?;
            // As HTTP servers do.
            let body = if call.method == "HEAD" { String::new() } else { response.body };
            Ok(Answer { status: response.status, headers: response.headers, body })
        };
        spawn_blocking(handle).await?
    }
}
