//! The flags of the ServiceProviderConfig (RFC 7643 section 5, RFC 9865 section 4).

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::client::{patch, text, together};
use scimlet_tests::exchange::{Endpoint, Http};
use serde_json::{Value, json};

use super::trial;

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const BULK: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// One trial for each flag.
pub fn trials() -> Vec<Trial> {
    vec![
        trial("patch", patched),
        trial("bulk", bulk),
        trial("filter", filter),
        trial("sort", sort),
        trial("etag", etag),
        trial("change_password", change_password),
        trial("pagination", pagination),
        trial("authentication_schemes", authentication),
    ]
}

async fn config(endpoint: &Http, feature: &str) -> anyhow::Result<(bool, Value)> {
    let config = endpoint.get("/ServiceProviderConfig").await?.expect(200)?;
    let feature = config[feature].clone();
    Ok((feature["supported"].as_bool().context("no flag")?, feature))
}

/// A user of this name, and its target.
async fn user(endpoint: &Http, name: &str) -> anyhow::Result<(Value, String)> {
    let user = json!({"schemas": [USER], "userName": name});
    let user = endpoint.ask("POST", "/Users", &user).await?.expect(201)?;
    let target = format!("/Users/{}", text(&user, "id")?);
    Ok((user, target))
}

async fn patched(endpoint: Http) -> anyhow::Result<()> {
    let (supported, _) = config(&endpoint, "patch").await?;
    let (_, target) = user(&endpoint, "a").await?;
    let change = patch(json!([{"op": "add", "path": "title", "value": "b"}]));
    let answer = endpoint.ask("PATCH", &target, &change).await?;
    answer.expect(if supported { 200 } else { 501 })?;
    Ok(())
}

async fn bulk(endpoint: Http) -> anyhow::Result<()> {
    let (supported, limits) = config(&endpoint, "bulk").await?;
    let request = |operations: usize| {
        let operation = |i| {
            json!({"method": "POST", "path": "/Users", "bulkId": format!("b{i}"),
            "data": {"schemas": [USER], "userName": format!("u{i}")}})
        };
        let operations: Vec<Value> = (0..operations).map(operation).collect();
        json!({"schemas": [BULK], "Operations": operations})
    };
    let answer = endpoint.ask("POST", "/Bulk", &request(2)).await?;
    if !supported {
        answer.expect(501)?;
        return Ok(());
    }
    let answer = answer.expect(200)?;
    ensure!(
        answer["Operations"].as_array().is_some_and(|operations| operations.len() == 2),
        "{answer}"
    );
    let number = |name: &str| limits[name].as_u64().context("no limit");
    let most = usize::try_from(number("maxOperations")?)?;
    endpoint.ask("POST", "/Bulk", &request(most + 1)).await?.expect(413)?;
    let bytes = usize::try_from(number("maxPayloadSize")?)?;
    let padded = json!({"schemas": [BULK], "Operations": [], "padding": " ".repeat(bytes)});
    endpoint.ask("POST", "/Bulk", &padded).await?.expect(413)?;
    Ok(())
}

/// `maxResults` is the largest page, to the resource.
async fn filter(endpoint: Http) -> anyhow::Result<()> {
    let (supported, feature) = config(&endpoint, "filter").await?;
    let filtered = endpoint.get("/Users?filter=userName%20sw%20%22u%22").await?;
    if !supported {
        filtered.expect(501)?;
        return Ok(());
    }
    let most = feature["maxResults"].as_u64().context("no maxResults")?;
    let names: Vec<String> = (0..=most).map(|i| format!("u{i}")).collect();
    let some = names.chunks(64).map(|names| {
        let (endpoint, names) = (endpoint.clone(), names.to_vec());
        async move {
            for name in names {
                user(&endpoint, &name).await?;
            }
            Ok(())
        }
    });
    together(some.collect::<Vec<_>>()).await?;
    let target = format!("/Users?filter=userName%20sw%20%22u%22&attributes=id&count={}", most + 1);
    let list = endpoint.get(&target).await?.expect(200)?;
    let shown = list["Resources"].as_array().context("no Resources")?.len();
    ensure!(
        shown as u64 == most && list["totalResults"] == most + 1,
        "{shown} of {}",
        list["totalResults"]
    );
    Ok(())
}

async fn sort(endpoint: Http) -> anyhow::Result<()> {
    let (supported, _) = config(&endpoint, "sort").await?;
    for name in ["b", "C", "a"] {
        user(&endpoint, name).await?;
    }
    let list = endpoint.get("/Users?sortBy=userName&sortOrder=descending").await?;
    if !supported {
        list.expect(501)?;
        return Ok(());
    }
    let list = list.expect(200)?;
    let names: Vec<&Value> = (0..3).map(|i| &list["Resources"][i]["userName"]).collect();
    ensure!(names == ["C", "b", "a"], "{names:?}");
    Ok(())
}

async fn etag(endpoint: Http) -> anyhow::Result<()> {
    let (supported, _) = config(&endpoint, "etag").await?;
    let (user, target) = user(&endpoint, "a").await?;
    let read = endpoint.get(&target).await?;
    ensure!(read.header("etag").is_some() == supported, "{:?}", read.headers);
    if supported {
        ensure!(user["meta"]["version"] == *read.header("etag").unwrap_or_default());
        for (name, value, status) in [("if-match", "W/\"0\"", 412), ("if-match", "W/\"1\"", 200)] {
            let change = patch(json!([{"op": "add", "path": "title", "value": "b"}]));
            let mut call = endpoint.call("PATCH", &target, &change);
            call.headers.push((name.to_owned(), value.to_owned()));
            endpoint.send(call).await?.expect(status)?;
        }
    }
    Ok(())
}

/// A password that is set changes the user only if `changePassword` is supported.
async fn change_password(endpoint: Http) -> anyhow::Result<()> {
    let (supported, _) = config(&endpoint, "changePassword").await?;
    let (user, target) = user(&endpoint, "a").await?;
    let change = patch(json!([{"op": "replace", "path": "password", "value": "t1meMa$heen"}]));
    let changed = endpoint.ask("PATCH", &target, &change).await?.expect(200)?;
    ensure!((changed["meta"]["version"] != user["meta"]["version"]) == supported, "{changed}");
    Ok(())
}

/// A service that says nothing of cursors gives none.
async fn pagination(endpoint: Http) -> anyhow::Result<()> {
    let config = endpoint.get("/ServiceProviderConfig").await?.expect(200)?;
    let claimed = |name: &str| config["pagination"][name] == true;
    for name in ["a", "b"] {
        user(&endpoint, name).await?;
    }
    let by_index = endpoint.get("/Users?startIndex=2&count=1").await?.expect(200)?;
    let cursors = config.get("pagination").is_some();
    ensure!(
        !cursors || claimed("index") == (by_index["Resources"][0]["userName"] == "b"),
        "{by_index}"
    );
    let page = endpoint.get("/Users?cursor&count=1").await?;
    let next = page.expect(if page.status == 400 { 400 } else { 200 })?["nextCursor"].clone();
    ensure!(next.is_string() == claimed("cursor"), "{}: {}", config["pagination"], page.body);
    if let Some(next) = next.as_str() {
        let target = scimlet_tests::tenant::target("/Users", &[("cursor", next), ("count", "1")]);
        let last = endpoint.get(&target).await?.expect(200)?;
        ensure!(last["Resources"][0]["userName"] == "b", "{last}");
    }
    Ok(())
}

/// The schemes that are listed are good, others and none are not.
async fn authentication(endpoint: Http) -> anyhow::Result<()> {
    let config = endpoint.get("/ServiceProviderConfig").await?.expect(200)?;
    let schemes = config["authenticationSchemes"].as_array().context("no schemes")?;
    let listed = |of: &str| schemes.iter().any(|scheme| scheme["type"] == of);
    ensure!(listed("oauthbearertoken"), "{schemes:?}");
    ensure!(schemes.iter().filter(|scheme| scheme["primary"] == true).count() == 1);
    let basic = "Basic ZGVtbzp0MW1lTWEkaGVlbg==";
    for (header, challenge) in
        [(None, "Bearer"), (Some("Bearer none"), "Bearer"), (Some(basic), "Bearer")]
    {
        let mut call = endpoint.call("GET", "/Users", &Value::Null);
        call.headers.clear();
        call.headers.extend(header.map(|value| ("authorization".to_owned(), value.to_owned())));
        let answer = endpoint.send(call).await?;
        answer.expect(401)?;
        let offered = answer.header("www-authenticate").context("no challenge")?;
        ensure!(offered.contains(challenge), "{offered}");
        ensure!(listed("httpbasic") || !offered.contains("Basic"), "{offered}");
    }
    Ok(())
}
