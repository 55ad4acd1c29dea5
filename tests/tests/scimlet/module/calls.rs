//! Calls of the module: what a call is a function of, what is wrong with one, numbers, images.

use std::sync::{Arc, Mutex};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::store::Store;
use scimlet_tests::exchange::{DEFAULT, Endpoint, InProcess, TENANT};
use scimlet_tests::module::{Embedded, Instance, Moment, outcome, over};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{in_memory, trial};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        trial("module::a_run_is_a_function_of_call_and_answers", repeats),
        trial("module::a_malformed_call_gets_an_error", malformed),
        trial("module::numbers_beyond_2_53_survive", numbers),
        trial("module::starts_from_an_image", image),
        trial("module::authorize_and_tenant_of", authorize),
        trial("module::a_malformed_answer_is_an_unavailable_store", unanswered),
    ]
}

/// A call of the function with the time and the seed of a number.
pub fn call(function: &str, number: u64, arguments: &Value) -> Vec<u8> {
    Moment::of(number).call(function, arguments).into_bytes()
}

/// The arguments of `provider.handle`, by a client that the embedder vouches for.
pub fn request(method: &str, path: &str, body: &str) -> Value {
    let client = json!({"client": {"name": "gateway"}});
    json!({
        "origin": {"tenant": TENANT, "base-url": InProcess::BASE, "caller": client},
        "request": {
            "method": method,
            "path": path,
            "query": "",
            "headers": [["content-type", "application/scim+json"]],
            "body": body,
        },
    })
}

pub const ADA: &str =
    r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"}"#;

/// Runs something where it may block.
pub async fn blocking<T: Send + 'static>(
    run: impl FnOnce(Handle) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || run(runtime)).await?
}

/// A store with a profile.
pub async fn configured() -> anyhow::Result<Arc<dyn Store>> {
    let store: Arc<dyn Store> = in_memory().await?;
    Embedded::new(store.clone(), DEFAULT, false).await?;
    Ok(store)
}

async fn repeats() -> anyhow::Result<()> {
    let store = configured().await?;
    blocking(move |runtime| {
        let create = call("provider.handle", 7, &request("POST", "/Users", ADA));
        let record = Arc::new(Mutex::new(Vec::new()));
        let mut first = Instance::new()?;
        let kept = record.clone();
        let mut stored = over(store.clone(), runtime.clone());
        first.answered_by(Box::new(move |text| {
            let answer = stored(text)?;
            kept.lock().expect("nobody panics").push((text.to_vec(), answer.clone()));
            Ok(answer)
        }));
        let response = first.call(&create)?;
        ensure!(text(&response).contains(r#""status":201"#), "{}", text(&response));
        let recorded = record.lock().expect("nobody panics").clone();
        ensure!(recorded.len() > 1, "{recorded:?}");
        let mut second = Instance::new()?;
        second.answered_by(over(store, runtime));
        second.call(&call("provider.handle", 8, &request("POST", "/Users", ADA)))?;
        let mut replayed = recorded.into_iter();
        second.answered_by(Box::new(move |text| {
            let (asked, answer) = replayed.next().context("another call")?;
            ensure!(asked == text, "the call differs: {}", String::from_utf8_lossy(text));
            Ok(answer)
        }));
        ensure!(second.call(&create)? == response, "another answer");
        Ok(())
    })
    .await
}

async fn malformed() -> anyhow::Result<()> {
    let valid = |call: Value| call.to_string().into_bytes();
    let seed = "00".repeat(32);
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let mut calls = vec![Vec::new(), b"{".to_vec(), b"\xff".to_vec(), deep, b"null".to_vec()];
    let user = json!({"id": "1"});
    for wrong in [
        json!({}),
        json!({"call": "admin.user", "arguments": user}),
        json!({"call": "admin.user", "now": 1, "arguments": user}),
        json!({"call": "admin.user", "now": -1, "seed": seed, "arguments": user}),
        json!({"call": "admin.user", "now": "+1", "seed": seed, "arguments": user}),
        json!({"call": "admin.user", "now": 1, "seed": "00", "arguments": user}),
        json!({"call": "admin.user", "now": 1, "seed": "zz".repeat(32), "arguments": user}),
        json!({"call": "admin.user", "now": 1, "seed": seed}),
        json!({"call": "admin.user", "now": 1, "seed": seed, "arguments": {"id": 1}}),
        json!({"call": "admin.user", "now": 1, "seed": seed, "arguments": {"id": "1", "x": 1}}),
        json!({"call": "admin.user", "now": 1, "seed": seed, "arguments": ["1"]}),
        json!({"call": "admin.link-user", "now": 1, "seed": seed,
            "arguments": {"id": "1", "external_id": "2"}}),
        json!({"call": "admin.absent", "now": 1, "seed": seed, "arguments": user}),
        json!({"call": "admin", "now": 1, "seed": seed, "arguments": user}),
        json!({"call": "admin.user", "now": 1, "seed": seed, "arguments": user, "x": 1}),
        json!({"call": "provider.tenant-of", "arguments": {"headers": [["a"]]}}),
    ] {
        calls.push(valid(wrong));
    }
    calls.push(
        br#"{"call": "admin.explain", "arguments": {"profile": "{}", "profile": ""}}"#.into(),
    );
    blocking(move |_| {
        let mut instance = Instance::new()?;
        for call in calls {
            let answer: Value = serde_json::from_slice(&instance.call(&call)?)?;
            let error = answer["error"].as_str().unwrap_or_default();
            ensure!(!error.is_empty(), "{}: {answer}", String::from_utf8_lossy(&call));
        }
        let good = valid(json!({"call": "admin.explain", "arguments": {"profile": DEFAULT}}));
        let answer = instance.call(&good)?;
        ensure!(text(&answer).starts_with(r#"{"return":{"ok":"#), "{}", text(&answer));
        Ok(())
    })
    .await
}

async fn numbers() -> anyhow::Result<()> {
    const LARGE: u64 = (1 << 53) + 1;
    blocking(|_| {
        for given in [json!(LARGE), json!(LARGE.to_string())] {
            let mut instance = Instance::new()?;
            let entry = json!({
                "key": {"kind": "$profile", "id": "current"},
                "version": given,
                "created": 1,
                "modified": "2",
                "body": DEFAULT,
            });
            let written = Arc::new(Mutex::new(String::new()));
            let writes = written.clone();
            instance.answered_by(Box::new(move |text| {
                let call: Value = serde_json::from_slice(text)?;
                let keys = call["arguments"]["keys"].as_array().map_or(0, Vec::len);
                let result = match call["call"].as_str() {
                    Some("store.get") => json!({"ok": vec![&entry; keys]}),
                    Some("store.commit") => {
                        *writes.lock().expect("nobody panics") = call.to_string();
                        let versions = json!([[entry["key"], (LARGE + 1).to_string()]]);
                        json!({"ok": {"at": "3", "versions": versions}})
                    }
                    other => anyhow::bail!("{other:?}"),
                };
                Ok(json!({"return": result}).to_string().into_bytes())
            }));
            let profile = instance.call(&call("admin.profile", 1, &json!({})))?;
            let expected = json!({"return": {"ok": [DEFAULT, LARGE.to_string()]}});
            ensure!(serde_json::from_slice::<Value>(&profile)? == expected, "{}", text(&profile));
            let strict = json!({"profile": r#"{"extends":"strict"}"#, "expected": given});
            let version = instance.call(&call("admin.configure", 2, &strict))?;
            let expected = json!({"return": {"ok": (LARGE + 1).to_string()}});
            ensure!(serde_json::from_slice::<Value>(&version)? == expected, "{}", text(&version));
            let written = written.lock().expect("nobody panics").clone();
            let version = format!(r#""version":"{LARGE}""#);
            ensure!(written.contains(&version), "{written}");
        }
        Ok(())
    })
    .await
}

async fn image() -> anyhow::Result<()> {
    let store = configured().await?;
    blocking(move |runtime| {
        let mut prepared = Instance::new()?;
        let start = prepared.size();
        let answer = prepared.call(br#"{"call":"provider.prepare"}"#)?;
        ensure!(answer == br#"{"return":null}"#, "{}", text(&answer));
        let image = prepared.image();
        ensure!(image.len() > start, "nothing was read");
        let mut answers = Vec::new();
        for image in [None, Some(&image)] {
            let mut instance = Instance::new()?;
            if let Some(image) = image {
                instance.restore(image)?;
            }
            instance.answered_by(over(store.clone(), runtime.clone()));
            answers.push(instance.call(&call(
                "provider.handle",
                1,
                &request("GET", "/Users", ""),
            ))?);
        }
        ensure!(text(&answers[0]).contains(r#""status":200"#), "{}", text(&answers[0]));
        ensure!(answers[0] == answers[1], "{}", text(&answers[1]));
        Ok(())
    })
    .await
}

async fn authorize() -> anyhow::Result<()> {
    let module = Embedded::new(in_memory().await?, DEFAULT, true).await?;
    let header = |secret: &str| json!([["Authorization", format!("Bearer {secret}")]]);
    let good = header(module.secret());
    let tenant = module.call("provider.tenant-of", json!({"headers": good})).await?;
    ensure!(tenant == json!(TENANT), "{tenant}");
    let tenant = module.call("provider.tenant-of", json!({"headers": []})).await?;
    ensure!(tenant.is_null(), "{tenant}");
    let origin = json!({"tenant": TENANT, "base-url": InProcess::BASE, "caller": "unknown"});
    let arguments = json!({"origin": origin, "headers": good, "scope": null});
    let admitted = outcome(module.call("provider.authorize", arguments).await?)?;
    ensure!(admitted["open"] == json!(true) && admitted["rate"].is_null(), "{admitted}");
    let arguments = json!({"origin": origin, "headers": good, "scope": "events"});
    let refused = module.call("provider.authorize", arguments).await?;
    ensure!(refused["err"]["status"] == json!(403), "{refused}");
    let arguments = json!({"origin": origin, "headers": header("wrong")});
    let refused = module.call("provider.authorize", arguments).await?;
    ensure!(refused["err"]["status"] == json!(401), "{refused}");
    Ok(())
}

async fn unanswered() -> anyhow::Result<()> {
    blocking(|_| {
        for answer in ["", "{", r#"{"error":"no connection"}"#, r#"{"return":{"ok":[1]}}"#] {
            let mut instance = Instance::new()?;
            instance.answered_by(Box::new(|_| Ok(answer.as_bytes().to_vec())));
            let answer =
                instance.call(&call("provider.handle", 1, &request("GET", "/Users", "")))?;
            ensure!(text(&answer).contains(r#""status":503"#), "{}", text(&answer));
        }
        Ok(())
    })
    .await
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
