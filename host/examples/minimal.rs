//! One tenant in memory, and one request to it: `cargo run -p scimlet --example minimal`.

use scimlet::clock::now;
use scimlet::http::{Caller, Origin, Request};
use scimlet::store::{Database as _, memory::Memory};
use scimlet::{Plugin, PluginOptions};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let plugin = Plugin::new(PluginOptions::default())?;
    let database = Memory::exact();
    database.create_tenant("acme", now()).await?;
    let store = database.open("acme").await?.expect("it was created");
    plugin.admin(store.clone()).configure(r#"{"extends": "okta"}"#, None).await?;

    // The gateway has authenticated the client itself.
    let gateway = Caller::client("gateway");
    let origin = Origin::new("acme", "https://scim.example.com/acme").with_caller(gateway);
    let request = Request::new("POST", "/Users")
        .with_header("content-type", "application/scim+json")
        .with_body(
            r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"}"#,
        );
    let response = plugin.handle(store, origin, request).await?;
    println!("{} {}", response.status, response.body);
    Ok(())
}
