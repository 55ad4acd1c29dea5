//! Whatever arrives is answered: no panic, and what is refused is refused with the error of RFC
//! 7644 section 3.12.

use anyhow::ensure;
use libtest_mimic::Failed;
use proptest::prelude::*;
use scimlet::store::memory::Memory;
use scimlet_tests::exchange::{Answer, Call};
use scimlet_tests::tenant::Tenant;
use serde_json::{Value, json};

use super::resources::{ENTERPRISE, PROFILE};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// One tenant gets all requests, so that there are resources to stumble over.
pub fn answered() -> Result<(), Failed> {
    let tenant = Tenant::over(&Memory::exact(), PROFILE).map_err(|error| format!("{error:#}"))?;
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a"});
    let made = tenant.ask("POST", "/Users", &user).and_then(|answer| answer.expect(201));
    let id =
        made.map_err(|error| format!("{error:#}"))?["id"].as_str().unwrap_or_default().to_owned();
    super::hold(&call(), |mut call| {
        call.target = call.target.replace("$id", &id);
        for (_, value) in &mut call.headers {
            *value = value.replace("$secret", tenant.secret());
        }
        let is_head = call.method == "HEAD";
        let answer = tenant.send(call)?;
        if is_head { Ok(()) } else { judge(&answer) }
    })
}

fn judge(answer: &Answer) -> anyhow::Result<()> {
    let Answer { status, body, .. } = answer;
    ensure!((200..=503).contains(status) && *status != 500, "{status}: {body}");
    if !body.is_empty() {
        ensure!(
            answer.header("content-type") == Some("application/scim+json"),
            "{:?}",
            answer.headers
        );
        let document: Value = serde_json::from_str(body)?;
        ensure!(document["schemas"].is_array(), "{document}");
    }
    if *status >= 400 {
        let error: Value = serde_json::from_str(body)?;
        ensure!(
            error["schemas"] == json!([ERROR])
                && error["status"].as_str() == Some(&*status.to_string()),
            "{error}"
        );
    }
    Ok(())
}

fn call() -> impl Strategy<Value = Call> {
    let body = prop_oneof![any::<String>(), document(), document().prop_map(halved)];
    (method(), target(), headers(), body).prop_map(|(method, target, headers, body)| Call {
        method,
        target,
        headers,
        body,
    })
}

/// Cuts a text off before its last comma, or at 20 bytes.
fn halved(mut text: String) -> String {
    while text.len() > 20 && text.pop().is_some_and(|c| c != ',') {}
    text
}

fn select(texts: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    prop::sample::select(texts.to_vec()).prop_map(str::to_owned)
}

fn method() -> impl Strategy<Value = String> {
    let known = ["GET", "PATCH", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"];
    // No DELETE of the one resource that is there: its id stands nowhere but in the target.
    prop_oneof![
        9 => select(&known[..4]),
        1 => select(&known[5..]),
        1 => any::<String>(),
    ]
}

fn target() -> impl Strategy<Value = String> {
    let known = [
        "/Users",
        "/Users/$id",
        "/Groups",
        "/Users/.search",
        "/.search",
        "/Bulk",
        "/Me",
        "/Schemas",
        "/ResourceTypes/User",
        "/ServiceProviderConfig",
        "/",
        "",
    ];
    let path = prop_oneof![
        6 => select(&known),
        1 => any::<String>(),
        1 => "(/[%A-F0-9./a-z]{0,6}){0,4}",
    ];
    let value = prop_oneof![
        any::<String>(),
        "[a-z. \"()\\[\\]%0-9:-]{0,24}",
        Just("userName eq \"a\"".to_owned())
    ];
    let names = [
        "filter",
        "sortBy",
        "sortOrder",
        "startIndex",
        "count",
        "attributes",
        "excludedAttributes",
        "cursor",
    ];
    let parameter = (prop::sample::select(names.to_vec()), value);
    let parameters = prop::collection::vec(parameter, 0..3)
        .prop_map(|given| scimlet_tests::tenant::target("", &given));
    let query =
        prop_oneof![3 => parameters, 1 => any::<String>().prop_map(|text| format!("?{text}"))];
    (path, query).prop_map(|(path, query)| format!("{path}{query}"))
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let good = Just(("Authorization".to_owned(), "Bearer $secret".to_owned()));
    let names = ["authorization", "content-type", "accept", "if-match", "if-none-match", "x"];
    let values = [
        "application/scim+json",
        "*/*",
        "text/plain",
        "W/\"1\"",
        "*",
        "Bearer",
        "Basic YTpi",
        ";charset=",
    ];
    let value = prop_oneof![2 => select(&values), 1 => any::<String>()];
    let other = (select(&names), value);
    let others = prop::collection::vec(other, 0..2);
    (prop::option::weighted(0.95, good), others)
        .prop_map(|(good, others)| good.into_iter().chain(others).collect())
}

/// Words that SCIM gives a meaning: names of schemas, operations, paths, and values.
const WORDS: [&str; 15] = [
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:api:messages:2.0:PatchOp",
    "add",
    "replace",
    "remove",
    ENTERPRISE,
    "emails",
    "emails[type eq \"work\"]",
    "emails[type eq \"work\"].value",
    "name.givenName",
    "userName",
    "members",
    "2026-01-01T00:00:00Z",
    "work",
    "",
];

/// Names of members.
const KEYS: &str = "schemas Operations operations op path value userName name emails givenName \
    type primary active members displayName meta id roles password manager \
    urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// JSON whose names and values are those that SCIM knows, in places where they may not belong.
fn document() -> impl Strategy<Value = String> {
    let shaped = value().prop_map(|mut value| {
        if let Some(members) = value.as_object_mut() {
            members.insert("schemas".to_owned(), json!(WORDS[..2]));
        }
        value
    });
    let (operations, paths) = (WORDS[2..5].to_vec(), WORDS[5..12].to_vec());
    let operation = (prop::sample::select(operations), prop::sample::select(paths), value())
        .prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}));
    let patch = prop::collection::vec(operation, 1..4)
        .prop_map(|operations| json!({"schemas": [WORDS[1]], "Operations": operations}));
    prop_oneof![value(), shaped, patch].prop_map(|value| value.to_string())
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        4 => prop::sample::select(WORDS.to_vec()).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let keys: Vec<String> = KEYS.split(' ').map(str::to_owned).collect();
        let members = prop::collection::vec((prop::sample::select(keys), inner.clone()), 0..6);
        let object = members.prop_map(|members| Value::Object(members.into_iter().collect()));
        let array = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        prop_oneof![1 => array, 2 => object]
    })
}
