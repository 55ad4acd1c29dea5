//! SCIM below `/scim/acme` of an application of axum: `cargo run -p scimlet --example axum`, then
//! `curl http://127.0.0.1:3000/scim/acme/Users`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use scimlet::clock::now;
use scimlet::http::{Caller, Origin};
use scimlet::store::{Database as _, Store, memory::Memory};
use scimlet::{Plugin, PluginOptions};

/// The most bytes of a request's body.
const BODY: usize = 1 << 20;

/// The state of the application: the plugin, and the store of its one tenant.
#[derive(Clone)]
struct Scim {
    plugin: Arc<Plugin>,
    store: Arc<dyn Store>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let plugin = Arc::new(Plugin::new(PluginOptions::default())?);
    let database = Memory::exact();
    database.create_tenant("acme", now()).await?;
    let store = database.open("acme").await?.expect("it was created");
    plugin.admin(store.clone()).configure(r#"{"extends": "okta"}"#, None).await?;

    let scim = axum::Router::new().fallback(any(handle)).with_state(Scim { plugin, store });
    let application = axum::Router::new().nest_service("/scim/acme", scim);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}/scim/acme/Users", listener.local_addr()?);
    Ok(axum::serve(listener, application).await?)
}

/// Answers one request. axum has taken the prefix off its path.
async fn handle(State(scim): State<Scim>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let Ok(body) = String::from_utf8(bytes.to_vec()) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    // An application would authenticate the caller here, or leave it to the Authorization header.
    let caller = Caller::client("demo");
    let origin = Origin::new("acme", "http://127.0.0.1:3000/scim/acme").with_caller(caller);
    let request = Request::from_parts(parts, body).into();
    match scim.plugin.handle(scim.store, origin, request).await.map(Response::<String>::try_from) {
        Ok(Ok(response)) => response.into_response(),
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
