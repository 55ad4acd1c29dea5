//! What only a real connection shows: lengths, bodies that are too large or no text.

use anyhow::ensure;
use libtest_mimic::Trial;
use reqwest::{Method, Response};
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::server;
use serde_json::{Value, json};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        super::trial("wire::head_has_the_length_of_get", head),
        super::trial("wire::bodies_that_are_refused_change_nothing", refused),
    ]
}

async fn send(
    endpoint: &Http,
    method: Method,
    path: &str,
    body: Vec<u8>,
) -> anyhow::Result<Response> {
    let request = endpoint
        .client
        .request(method, format!("{}{path}", endpoint.base));
    let request = request
        .bearer_auth(&endpoint.secret)
        .header("content-type", "application/scim+json");
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
        ensure!(
            length(&got) == length(&headed),
            "{path}: {:?}",
            length(&headed)
        );
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
        ensure!(
            response.status() == status,
            "{} and not {status}",
            response.status()
        );
        let error: Value = response.json().await?;
        ensure!(
            error["schemas"][0] == "urn:ietf:params:scim:api:messages:2.0:Error",
            "{error}"
        );
        ensure!(error["status"] == status.to_string().as_str(), "{error}");
    }
    let list: Value = send(&endpoint, Method::GET, "/Users", Vec::new())
        .await?
        .json()
        .await?;
    ensure!(list["totalResults"] == 0, "{list}");
    Ok(())
}
