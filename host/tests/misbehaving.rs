//! Misbehaving guests: each is stopped, its error says why, and the plugin continues.
//!
//! They misbehave in the start function of their core module, which needs no types of the
//! interface: an instance is limited even before its first call.

use std::sync::Arc;
use std::time::Duration;

use scimlet::http::{Caller, Origin, Request, Response};
use scimlet::plugin::limits::{IDLE_TICK, LimitExceeded, TICK};
use scimlet::plugin::{Cause, Limits, PluginError};
use scimlet::{EmptyStore, Plugin, PluginOptions};

/// Returns a component with the interface's shape and this body of its start function.
fn guest(start: &str) -> Vec<u8> {
    let provider = exports(include_str!("../../wit/provider.wit"));
    let admin = exports(include_str!("../../wit/admin.wit"));
    let text = format!(
        r#"(component
            (core module $module
                (memory 1)
                (func (export "f"))
                (func $start {start})
                (start $start))
            (core instance $instance (instantiate $module))
            (func $f (canon lift (core func $instance "f")))
            (instance $provider {provider})
            (instance $admin {admin})
            (export "scimlet:plugin/provider@0.1.0" (instance $provider))
            (export "scimlet:plugin/admin@0.1.0" (instance $admin)))"#
    );
    wat::parse_str(text).unwrap()
}

/// Returns exports for all functions of an interface, each of which does nothing.
fn exports(interface: &str) -> String {
    let functions = interface.lines().filter(|line| line.contains(": func("));
    let names = functions.filter_map(|line| line.trim().split(':').next());
    names.map(|name| format!("(export \"{name}\" (func $f))")).collect()
}

fn plugin(start: &str, limits: Limits) -> Plugin {
    let component = guest(start);
    let options = PluginOptions::default().with_component(component).with_limits(limits);
    Plugin::new(options.with_cache(None)).unwrap()
}

async fn request(plugin: &Plugin) -> Result<Response, PluginError> {
    let origin = Origin {
        tenant: "acme".to_owned(),
        base_url: "http://localhost/acme/scim/v2".to_owned(),
        client_address: None,
        caller: Caller::Unknown,
    };
    let request = Request {
        method: "GET".to_owned(),
        path: "/Users".to_owned(),
        query: String::new(),
        headers: Vec::new(),
        body: String::new(),
    };
    plugin.handle(Arc::new(EmptyStore), origin, request).await
}

fn few() -> Limits {
    let mut limits = Limits::default();
    limits.concurrency = 1;
    limits
}

#[tokio::test]
async fn endless_computing_is_stopped_and_lets_others_run_meanwhile() {
    let mut limits = few();
    limits.compute = IDLE_TICK * 5;
    let plugin = plugin("(loop br 0)", limits);
    // On one thread, the interval ticks only if the guest yields.
    let mut ticks = 0;
    let mut interval = tokio::time::interval(Duration::from_millis(1));
    let mut looping = std::pin::pin!(request(&plugin));
    let fault = loop {
        tokio::select! {
            answer = &mut looping => break answer.unwrap_err(),
            _ = interval.tick() => ticks += 1,
        }
    };
    assert!(matches!(fault.cause, Cause::Limit(LimitExceeded::Compute)), "{fault}");
    assert!(!fault.is_passing());
    assert!(ticks >= 2, "{ticks}");
}

#[tokio::test]
async fn a_whole_request_is_bounded() {
    let mut limits = few();
    limits.compute = Duration::from_secs(60);
    limits.request = TICK * 3;
    let fault = request(&plugin("(loop br 0)", limits)).await.unwrap_err();
    assert!(matches!(fault.cause, Cause::Limit(LimitExceeded::Deadline)), "{fault}");
    assert!(fault.is_passing());
}

#[tokio::test]
async fn memory_is_bounded() {
    let mut limits = few();
    limits.memory = 1 << 20;
    let grows = |pages: u32| {
        format!("(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable))")
    };
    let fault = request(&plugin(&grows(16), limits.clone())).await.unwrap_err();
    assert!(matches!(fault.cause, Cause::Limit(LimitExceeded::Memory)), "{fault}");
    // One page less is allowed; then the call fails, because its type is not that of the interface.
    let fault = request(&plugin(&grows(15), limits)).await.unwrap_err();
    assert!(!matches!(fault.cause, Cause::Limit(_)), "{fault}");
}

#[tokio::test]
async fn a_trap_is_a_fault_and_leaves_room_for_the_next() {
    let plugin = plugin("unreachable", few());
    let first = request(&plugin).await.unwrap_err();
    let second = request(&plugin).await.unwrap_err();
    assert!(matches!(first.cause, Cause::Instantiation(_)), "{first}");
    assert_ne!(first.request, second.request);
}

#[test]
fn a_component_that_imports_anything_else_does_not_load() {
    let wasi = r#"(component (import "wasi:cli/environment@0.2.0" (instance
        (export "initial-cwd" (func (result (option string)))))))"#;
    let component = wat::parse_str(wasi).unwrap();
    let options = PluginOptions::default().with_component(component).with_limits(few());
    let error = Plugin::new(options.with_cache(None)).err().unwrap().to_string();
    assert!(error.contains("wasi:cli/environment"), "{error}");
}
