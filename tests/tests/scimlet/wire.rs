//! Behaviour that only a real connection shows: lengths, bodies that are too large or no text.

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use reqwest::{Method, Response};
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::{self, Http, TENANT};
use scimlet_tests::server;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        super::trial("wire::head_has_the_length_of_get", head),
        super::trial("wire::bodies_that_are_refused_change_nothing", refused),
        super::trial("wire::a_length_that_is_too_large_is_not_waited_for", announced),
        super::trial("wire::a_circle_is_not_closed_by_two_at_once", circle),
    ]
}

async fn send(
    endpoint: &Http,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> anyhow::Result<Response> {
    let request = endpoint.client.request(method, format!("{}{path}", endpoint.base));
    let request =
        request.bearer_auth(&endpoint.secret).header("content-type", "application/scim+json");
    Ok(request.body(body).send().await?)
}

async fn head() -> anyhow::Result<()> {
    let (_folder, server) = server::fresh()?;
    let endpoint = server.endpoint(TENANT)?;
    for path in ["/Users", "/ServiceProviderConfig", "/Nothing"] {
        let got = send(&endpoint, Method::GET, path, Vec::new()).await?;
        let headed = send(&endpoint, Method::HEAD, path, Vec::new()).await?;
        ensure!(got.status() == headed.status(), "{path}: another status");
        let length = |response: &Response| response.headers().get("content-length").cloned();
        ensure!(length(&got) == length(&headed), "{path}: {:?}", length(&headed));
        ensure!(headed.bytes().await?.is_empty(), "{path}: a body");
    }
    Ok(())
}

async fn refused() -> anyhow::Result<()> {
    let (_folder, server) = server::fresh()?;
    let endpoint = server.endpoint(TENANT)?;
    let user = |name: Value| {
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name})
            .to_string()
    };
    let mut no_text = user("x".into()).into_bytes();
    let middle = no_text.len() - 3;
    no_text[middle] = 0xff;
    let large = user("x".repeat(2 << 20).into()).into_bytes();
    for (body, status) in [(no_text, 400), (large, 413)] {
        let response = send(&endpoint, Method::POST, "/Users", body).await?;
        ensure!(response.status() == status, "{} and not {status}", response.status());
        let error: Value = response.json().await?;
        ensure!(error["schemas"][0] == "urn:ietf:params:scim:api:messages:2.0:Error", "{error}");
        ensure!(error["status"] == status.to_string().as_str(), "{error}");
    }
    let list: Value = send(&endpoint, Method::GET, "/Users", Vec::new()).await?.json().await?;
    ensure!(list["totalResults"] == 0, "{list}");
    Ok(())
}

/// The bulk request of RFC 7644 section 3.7.4, which announces four gigabytes: refused before any
/// of them has come.
async fn announced() -> anyhow::Result<()> {
    let (_folder, server) = server::fresh()?;
    let endpoint = server.endpoint(TENANT)?;
    let rest = endpoint.base.strip_prefix("http://").context("no URL")?;
    let (address, path) = rest.split_once('/').context("no path")?;
    let mut connection = TcpStream::connect(address).await?;
    let secret = &endpoint.secret;
    let request = format!(
        "POST /{path}/Bulk HTTP/1.1\r\nHost: {address}\r\n\
         Accept: application/scim+json\r\nContent-Type: application/scim+json\r\n\
         Authorization: Bearer {secret}\r\nContent-Length: 4294967296\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        ensure!(connection.read_buf(&mut answer).await? > 0, "cut off");
    }
    let answer = String::from_utf8(answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    ensure!(head.starts_with("HTTP/1.1 413 "), "{head}");
    let error: Value = serde_json::from_str(body)?;
    ensure!(error["status"] == "413", "{error}");
    Ok(())
}

/// Where the profile refuses circles, each of two groups is put into the other at the same time:
/// one of the two has to be refused.
async fn circle() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let tree = exchange::all()?.into_iter().find(|exchange| exchange.name == "groups-as-a-tree");
    let profile = folder.path().join("tree.json");
    std::fs::write(&profile, tree.context("no such exchange")?.profile)?;
    let profile = profile.display().to_string();
    server::json(folder.path(), &["tenant", "create", "tree", "--profile", &profile])?;
    let endpoint = server.endpoint("tree")?;
    for _ in 0..20 {
        let group =
            json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "g"});
        let mut ids = Vec::new();
        for _ in 0..2 {
            let made = endpoint.ask("POST", "/Groups", &group).await?.expect(201)?;
            ids.push(text(&made, "id")?.to_owned());
        }
        let join = |from: usize, into: usize| {
            let member = json!([{"op": "add", "path": "members", "value": [{"value": ids[from]}]}]);
            let (endpoint, path) = (endpoint.clone(), format!("/Groups/{}", ids[into]));
            async move { endpoint.ask("PATCH", &path, &patch(member)).await }
        };
        let (one, other) = tokio::join!(join(0, 1), join(1, 0));
        let mut statuses = [one?.status, other?.status];
        statuses.sort_unstable();
        ensure!(statuses == [200, 400], "{statuses:?}");
    }
    Ok(())
}
