//! Providers and databases for the router's tests.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::{Notify, watch};

use super::super::Provider;
use crate::EmptyStore;
use crate::http::{Admitted, Origin, Request, Response};
use crate::plugin::limits::LimitExceeded;
use crate::plugin::{Cause, PluginError, WasmError, fresh_id};
use crate::store::{Database, DatabaseError, Store, Tenant, TenantStorage};

/// A client of a tenant without limits.
fn admitted() -> Admitted {
    Admitted { actor: "client".to_owned(), rate: None, open: true, by_address: false }
}

/// Admits every credential except `bad`, records its requests, and answers by the path.
#[derive(Default)]
pub(super) struct Echo(pub(super) Mutex<Vec<(Origin, Request)>>);

#[async_trait]
impl Provider for Echo {
    async fn tenant_of(&self, headers: &[(String, String)]) -> Result<Option<String>, PluginError> {
        let header = headers.iter().find(|(name, _)| name == "authorization");
        Ok(header.map(|(_, value)| value.clone()))
    }

    async fn handle(
        &self,
        _store: Arc<dyn Store>,
        origin: Origin,
        request: Request,
        _gone: watch::Receiver<bool>,
    ) -> Result<Response, PluginError> {
        let path = request.path.clone();
        self.0.lock().unwrap().push((origin, request));
        let fault = |cause| Err(PluginError { request: fresh_id(), cause });
        let (status, name, value) = match path.as_str() {
            "/trap" => {
                return fault(Cause::Trap(WasmError::new(wasmtime::Error::msg(
                    "the secret reason",
                ))));
            }
            "/slow" => return fault(Cause::Limit(LimitExceeded::Deadline)),
            "/panic" => panic!("a bug of the host"),
            "/status" => (99, "x-name", "value"),
            "/header" => (200, "no header name", "value"),
            "/limited" => (200, "x-scimlet-rate", "2"),
            _ => (200, "x-name", "value"),
        };
        let headers = vec![(name.to_owned(), value.to_owned())];
        Ok(Response { status, headers, body: "{}".to_owned() })
    }

    async fn authorize(
        &self,
        _store: Arc<dyn Store>,
        _origin: Origin,
        headers: &[(String, String)],
        _scope: Option<&str>,
    ) -> Result<Result<Admitted, Response>, PluginError> {
        let given = headers.iter().find(|(name, _)| name == "authorization");
        if given.is_none_or(|(_, value)| value != "bad") {
            let limited = given.is_some_and(|(_, value)| value == "limited");
            return Ok(Ok(Admitted { rate: limited.then_some(2), ..admitted() }));
        }
        Ok(Err(Response { status: 401, headers: Vec::new(), body: "{}".to_owned() }))
    }
}

/// A database with the tenant `acme` and one that cannot be opened.
pub(in crate::router) struct Tenants;

#[async_trait]
impl Database for Tenants {
    async fn create_tenant(&self, _name: &str, _at: u64) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn tenants(&self) -> Result<Vec<Tenant>, DatabaseError> {
        Ok(Vec::new())
    }

    async fn delete_tenant(&self, _name: &str) -> Result<(), DatabaseError> {
        Ok(())
    }

    async fn open(&self, name: &str) -> Result<Option<Arc<dyn TenantStorage>>, DatabaseError> {
        match name {
            "acme" => Ok(Some(Arc::new(EmptyStore))),
            "broken" => Err(DatabaseError::Unavailable("the secret reason".to_owned())),
            _ => Ok(None),
        }
    }

    async fn newest_event(&self) -> Result<Option<u64>, DatabaseError> {
        Ok(None)
    }

    async fn setting(&self, _name: &str) -> Result<Option<String>, DatabaseError> {
        Ok(None)
    }

    async fn set_setting(&self, _name: &str, _value: &str) -> Result<(), DatabaseError> {
        Ok(())
    }
}

/// Pauses in the middle of a request.
#[derive(Default)]
pub(super) struct Slow {
    pub(super) started: Notify,
    pub(super) go_on: Notify,
    pub(super) ended: Notify,
}

#[async_trait]
impl Provider for Slow {
    async fn tenant_of(
        &self,
        _headers: &[(String, String)],
    ) -> Result<Option<String>, PluginError> {
        Ok(None)
    }

    async fn handle(
        &self,
        _store: Arc<dyn Store>,
        _origin: Origin,
        _request: Request,
        _gone: watch::Receiver<bool>,
    ) -> Result<Response, PluginError> {
        self.started.notify_one();
        self.go_on.notified().await;
        self.ended.notify_one();
        Ok(Response { status: 200, headers: Vec::new(), body: String::new() })
    }

    async fn authorize(
        &self,
        _store: Arc<dyn Store>,
        _origin: Origin,
        _headers: &[(String, String)],
        _scope: Option<&str>,
    ) -> Result<Result<Admitted, Response>, PluginError> {
        Ok(Ok(admitted()))
    }
}
