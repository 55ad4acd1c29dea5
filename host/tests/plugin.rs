//! The component in its host: limits and cancellation, independent of the request.

mod gate;

use std::sync::Arc;
use std::time::Duration;

use scimlet::http::{Caller, Origin, Principal, Request, Response};
use scimlet::plugin::limits::LimitExceeded;
use scimlet::plugin::{Cause, Limits, PluginError};
use scimlet::store::Store;
use scimlet::{Plugin, PluginOptions};
use tokio::sync::watch;
use tokio::time::timeout;

use self::gate::Gate;

fn plugin(limits: Limits) -> Arc<Plugin> {
    Arc::new(Plugin::new(PluginOptions::default().with_limits(limits)).unwrap())
}

fn at_once(concurrency: u32) -> Limits {
    let mut limits = Limits::default();
    limits.concurrency = concurrency;
    limits
}

async fn request(plugin: &Plugin, store: Arc<dyn Store>) -> Result<Response, PluginError> {
    let (origin, request) = get_users();
    plugin.handle(store, origin, request).await
}

fn get_users() -> (Origin, Request) {
    let origin = Origin {
        tenant: "acme".to_owned(),
        base_url: "http://localhost/acme/scim/v2".to_owned(),
        client_address: None,
        // Admitted without a credential, so that the guest certainly reads the tenant's profile.
        caller: Caller::Client(Principal { name: "gateway".to_owned() }),
    };
    let request = Request {
        method: "GET".to_owned(),
        path: "/Users".to_owned(),
        query: String::new(),
        headers: Vec::new(),
        body: String::new(),
    };
    (origin, request)
}

#[tokio::test]
async fn more_requests_than_instances_wait_for_one_another() {
    // One tenant holds at most two of three permits: the last one is for other tenants.
    let plugin = plugin(at_once(3));
    let gate = Arc::new(Gate::default());
    let requests = (0..20).map(|_| {
        let (plugin, gate) = (Arc::clone(&plugin), Arc::clone(&gate));
        tokio::spawn(async move { request(&plugin, gate).await })
    });
    let requests: Vec<_> = requests.collect();
    gate.entered().await;
    gate.entered().await;
    gate.open();
    for task in requests {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_read_ends_at_the_deadline_and_leaves_room_for_the_next() {
    let mut limits = at_once(1);
    limits.request = Duration::from_millis(50);
    let plugin = plugin(limits);
    let gate = Arc::new(Gate::default());
    let fault = request(&plugin, Arc::clone(&gate) as _).await.unwrap_err();
    assert!(matches!(fault.cause, Cause::Limit(LimitExceeded::Deadline)), "{fault}");
    assert!(fault.is_passing());
    assert!(!gate.is_passed());
    gate.open();
    request(&plugin, gate).await.unwrap();
}

#[tokio::test]
async fn a_read_ends_when_its_client_has_gone() {
    let plugin = plugin(at_once(1));
    let gate = Arc::new(Gate::default());
    let (client, gone) = watch::channel(false);
    let (origin, request) = get_users();
    let store = Arc::clone(&gate);
    let other = Arc::clone(&plugin);
    let answer =
        tokio::spawn(async move { other.handle_while(store, origin, request, gone).await });
    gate.entered().await;
    client.send_replace(true);
    let answer = timeout(Duration::from_secs(5), answer).await;
    let answer = answer.expect("it ends before its deadline").unwrap();
    assert_eq!(answer.unwrap().status, 503);
    assert!(!gate.is_passed());
}
