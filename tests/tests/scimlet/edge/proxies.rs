//! Proxies: which of them may say the client's address and the name of the server.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet_tests::client::text;
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::wording::mentions;
use serde_json::json;

use super::{exchange, serve, set};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("edge::proxies::a_trusted_one_tells_the_address", trusted),
        trial("edge::proxies::a_trusted_one_tells_scheme_and_host", named),
        trial("edge::proxies::an_untrusted_one_is_warned_of_once", untrusted),
        trial("edge::proxies::proxy_protocol", protocol),
    ]
}

const TRUSTED: [&str; 2] = ["--trusted-proxy", "127.0.0.0/8"];
const ALLOW: &str = r#"network.allow=["192.0.2.0/24"]"#;

/// Returns the status of a request with this header of a proxy.
async fn said(http: &Http, name: &str, value: &str) -> anyhow::Result<u16> {
    let request = http.client.get(format!("{}/Users", http.base));
    let request = request.bearer_auth(&http.secret).header(name, value);
    Ok(request.send().await?.status().as_u16())
}

async fn trusted() -> anyhow::Result<()> {
    let (folder, server) = serve(&TRUSTED)?;
    let http = server.endpoint(TENANT)?;
    set(&folder, &[ALLOW])?;
    for (name, value, status) in [
        ("x-forwarded-for", "192.0.2.7", 200),
        ("x-forwarded-for", "192.0.2.7, 198.51.100.1", 403),
        ("x-forwarded-for", "198.51.100.1, 192.0.2.7, 127.0.0.9", 200),
        ("forwarded", "for=192.0.2.7;proto=https", 200),
        ("forwarded", "for=192.0.2.7, for=unknown", 403),
    ] {
        let answered = said(&http, name, value).await?;
        ensure!(answered == status, "{name}: {value}: {answered}");
    }
    let log = server.log()?;
    ensure!(warnings(&log) == 0, "{log}");
    Ok(())
}

async fn named() -> anyhow::Result<()> {
    let (_folder, server) = serve(&TRUSTED)?;
    let http = server.endpoint(TENANT)?;
    let made = http.ask("POST", "/Users", &json!({"userName": "ada"})).await?.expect(201)?;
    let path = format!("/Users/{}", text(&made, "id")?);
    let request = http.client.get(format!("{}{path}", http.base));
    let request = request.bearer_auth(&http.secret);
    let request = request.header("forwarded", "for=192.0.2.7;proto=https;host=scim.test");
    let shown: serde_json::Value = request.send().await?.json().await?;
    let expected = format!("https://scim.test/{TENANT}/scim/v2{path}");
    ensure!(shown["meta"]["location"] == expected, "{shown}");
    Ok(())
}

async fn untrusted() -> anyhow::Result<()> {
    let (folder, server) = serve(&[])?;
    let (http, other) = (server.endpoint(TENANT)?, server.endpoint(TENANT)?);
    set(&folder, &[ALLOW])?;
    for http in [&http, &http, &other] {
        let answered = said(http, "x-forwarded-for", "192.0.2.7").await?;
        ensure!(answered == 403, "{answered}");
    }
    let log = server.log()?;
    ensure!(warnings(&log) == 1, "{log}");
    Ok(())
}

/// How often the log says which option names a proxy.
fn warnings(log: &str) -> usize {
    let lines = log.lines();
    lines.filter(|line| mentions(line, "--trusted-proxy")).count()
}

/// The header of the PROXY protocol, version 2, for TCP over IPv4; without a client for a
/// connection of the proxy's own.
fn header(client: Option<&str>) -> anyhow::Result<Vec<u8>> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    let Some(client) = client else {
        bytes.extend([0x20, 0, 0, 0]);
        return Ok(bytes);
    };
    let SocketAddr::V4(client) = client.parse()? else {
        anyhow::bail!("{client}");
    };
    bytes.extend([0x21, 0x11, 0, 12]);
    bytes.extend(client.ip().octets());
    bytes.extend([127, 0, 0, 1]);
    bytes.extend(client.port().to_be_bytes());
    bytes.extend(80_u16.to_be_bytes());
    Ok(bytes)
}

async fn protocol() -> anyhow::Result<()> {
    let (folder, server) = serve(&[&TRUSTED[..], &["--proxy-protocol"]].concat())?;
    let secret = server.endpoint(TENANT)?.secret;
    set(&folder, &[ALLOW])?;
    let ask = format!(
        "GET /{TENANT}/scim/v2/Users HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\
         Authorization: Bearer {secret}\r\n\r\n"
    );
    for (client, status) in
        [(Some("192.0.2.7:1234"), "200"), (Some("198.51.100.1:1234"), "403"), (None, "403")]
    {
        let bytes = [header(client)?, ask.clone().into_bytes()].concat();
        let answer = exchange(&server, &bytes).await?;
        let said = answer.split(' ').nth(1).context("no answer")?;
        ensure!(said == status, "{client:?}: {answer}");
    }
    let answer = exchange(&server, ask.as_bytes()).await?;
    ensure!(answer.is_empty(), "without the header: {answer}");
    Ok(())
}
