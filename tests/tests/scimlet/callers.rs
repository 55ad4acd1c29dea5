//! Callers whom the embedder has authenticated itself: provisioning clients, and end users at `/Me`
//! (RFC 7644 section 3.11); and what is kept of a password that one sends.

use std::sync::Arc;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::http::{Caller, Principal};
use scimlet::store::memory::Memory;
use scimlet::store::{Channel, Database, Key, TenantStorage};
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::{Answer, Call, DEFAULT, Endpoint, InProcess, TENANT};
use serde_json::{Value, json};

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        super::trial("callers::a_client_needs_no_credential", client),
        super::trial("callers::an_end_user_reads_its_own_and_nothing_else", reads),
        super::trial("callers::a_password_is_a_slow_hash_or_nothing", password),
        super::trial("callers::an_end_user_changes_what_the_profile_lets_it", changes),
    ]
}

/// A tenant with one user, and an endpoint whose caller can be changed.
struct Fixture {
    endpoint: InProcess,
    store: Arc<dyn TenantStorage>,
    user: String,
}

impl Fixture {
    async fn new(profile: &str) -> anyhow::Result<Self> {
        let plugin = Arc::new(Plugin::new(PluginOptions::default())?);
        let database = Memory::exact();
        database.create_tenant(TENANT, 0).await?;
        let store = database.open(TENANT).await?.context("no tenant")?;
        plugin.admin(store.clone()).configure(profile, None).await?;
        let caller = Caller::Client(Principal { name: "gateway".to_owned() });
        let endpoint =
            InProcess { provider: plugin, store: store.clone(), secret: String::new(), caller };
        let mut fixture = Self { endpoint, store, user: String::new() };
        let user =
            json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"});
        let made = fixture.ask("POST", "/Users", &user).await?.expect(201)?;
        text(&made, "id")?.clone_into(&mut fixture.user);
        Ok(fixture)
    }

    async fn ask(&self, method: &str, target: &str, body: &Value) -> anyhow::Result<Answer> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (method, target) = (method.to_owned(), target.to_owned());
        self.endpoint.send(Call { method, target, headers: Vec::new(), body }).await
    }

    async fn get(&self, target: &str) -> anyhow::Result<Answer> {
        self.ask("GET", target, &Value::Null).await
    }

    fn become_user(&mut self, id: &str) {
        self.endpoint.caller = Caller::User(id.to_owned());
    }
}

async fn client() -> anyhow::Result<()> {
    let fixture = Fixture::new(DEFAULT).await?;
    fixture.get(&format!("/Users/{}", fixture.user)).await?.expect(200)?;
    fixture.get("/Me").await?.expect(501)?;
    let events = fixture.store.events(0, 10).await;
    let events = events.map_err(|refusal| anyhow::anyhow!("{refusal:?}"))?;
    ensure!(
        events.iter().all(|recorded| {
            recorded.event.channel == Channel::Audit || recorded.actor == "client:gateway"
        }),
        "{events:?}"
    );
    Ok(())
}

async fn password() -> anyhow::Result<()> {
    for (profile, kept) in [(DEFAULT, false), (r#"{"extends":"default","secrets":"hash"}"#, true)] {
        let fixture = Fixture::new(profile).await?;
        let set = patch(json!([{"op": "add", "path": "password", "value": "correct horse"}]));
        fixture.ask("PATCH", &format!("/Users/{}", fixture.user), &set).await?.expect(200)?;
        let key = Key { kind: "User".to_owned(), id: fixture.user.clone() };
        let found = fixture.endpoint.store.get(vec![key]).await;
        let events = fixture.store.events(0, 10).await;
        let text = format!("{found:?} {events:?}");
        ensure!(!text.contains("correct horse"), "{text}");
        ensure!(text.contains("$argon2id$") == kept, "{text}");
    }
    Ok(())
}

async fn reads() -> anyhow::Result<()> {
    let mut fixture = Fixture::new(DEFAULT).await?;
    let own = format!("/Users/{}", fixture.user);
    let known = fixture.get(&own).await?.expect(200)?;
    fixture.become_user(&fixture.user.clone());
    let answer = fixture.get("/Me").await?;
    ensure!(answer.expect(200)? == known, "{answer:?}");
    located(&answer, &fixture)?;
    let location = answer.header("content-location");
    ensure!(location == known["meta"]["location"].as_str(), "{location:?}");
    for path in [own.as_str(), "/Users", "/Groups", "/Schemas", "/ServiceProviderConfig"] {
        fixture.get(path).await?.expect(403)?;
    }
    let deactivate = patch(json!([{"op": "replace", "value": {"active": false}}]));
    fixture.ask("PATCH", "/Me", &deactivate).await?.expect(403)?;
    fixture.ask("DELETE", "/Me", &Value::Null).await?.expect(403)?;
    fixture.become_user("nobody");
    fixture.get("/Me").await?.expect(404)?;
    Ok(())
}

async fn changes() -> anyhow::Result<()> {
    let profile =
        json!({"extends": "default", "me": {"methods": ["GET", "PUT", "PATCH", "DELETE"]}});
    let mut fixture = Fixture::new(&profile.to_string()).await?;
    fixture.become_user(&fixture.user.clone());
    let rename = patch(json!([{"op": "add", "path": "nickName", "value": "Countess"}]));
    let renamed = fixture.ask("PATCH", "/Me", &rename).await?;
    located(&renamed, &fixture)?;
    let renamed = renamed.expect(200)?;
    ensure!(renamed["nickName"] == "Countess", "{renamed}");
    let replaced = fixture.ask("PUT", "/Me", &renamed).await?.expect(200)?;
    ensure!(replaced == renamed, "{replaced}");
    let refused = fixture.ask("PUT", "/Me", &json!({})).await?;
    refused.expect(400)?;
    located(&refused, &fixture)?;
    let deleted = fixture.ask("DELETE", "/Me", &Value::Null).await?;
    deleted.expect(204)?;
    located(&deleted, &fixture)?;
    let gone = fixture.get("/Me").await?;
    gone.expect(404)?;
    located(&gone, &fixture)
}

/// RFC 7644 section 3.11: in any response the permanent location of the resource.
fn located(answer: &Answer, fixture: &Fixture) -> anyhow::Result<()> {
    let location = format!("{}/Users/{}", fixture.endpoint.base(), fixture.user);
    ensure!(answer.header("location") == Some(&location), "{answer:?}");
    Ok(())
}
