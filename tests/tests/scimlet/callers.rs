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

/// A user that a client has made, and how to ask as somebody.
struct Place {
    endpoint: InProcess,
    store: Arc<dyn TenantStorage>,
    user: String,
}

impl Place {
    async fn new(profile: &str) -> anyhow::Result<Self> {
        let plugin = Arc::new(Plugin::new(PluginOptions::default())?);
        let database = Memory::exact();
        database.create_tenant(TENANT, 0).await?;
        let store = database.open(TENANT).await?.context("no tenant")?;
        plugin.admin(store.clone()).configure(profile, None).await?;
        let caller = Caller::Client(Principal { name: "gateway".to_owned() });
        let endpoint =
            InProcess { provider: plugin, store: store.clone(), secret: String::new(), caller };
        let mut place = Self { endpoint, store, user: String::new() };
        let user =
            json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"});
        let made = place.ask("POST", "/Users", &user).await?.expect(201)?;
        text(&made, "id")?.clone_into(&mut place.user);
        Ok(place)
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
    let place = Place::new(DEFAULT).await?;
    place.get(&format!("/Users/{}", place.user)).await?.expect(200)?;
    place.get("/Me").await?.expect(501)?;
    let events = place.store.events(0, 10).await;
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
        let place = Place::new(profile).await?;
        let set = patch(json!([{"op": "add", "path": "password", "value": "correct horse"}]));
        place.ask("PATCH", &format!("/Users/{}", place.user), &set).await?.expect(200)?;
        let key = Key { kind: "User".to_owned(), id: place.user.clone() };
        let found = place.endpoint.store.get(vec![key]).await;
        let events = place.store.events(0, 10).await;
        let text = format!("{found:?} {events:?}");
        ensure!(!text.contains("correct horse"), "{text}");
        ensure!(text.contains("$argon2id$") == kept, "{text}");
    }
    Ok(())
}

async fn reads() -> anyhow::Result<()> {
    let mut place = Place::new(DEFAULT).await?;
    let own = format!("/Users/{}", place.user);
    let known = place.get(&own).await?.expect(200)?;
    place.become_user(&place.user.clone());
    let answer = place.get("/Me").await?;
    ensure!(answer.expect(200)? == known, "{answer:?}");
    located(&answer, &place)?;
    let location = answer.header("content-location");
    ensure!(location == known["meta"]["location"].as_str(), "{location:?}");
    for path in [own.as_str(), "/Users", "/Groups", "/Schemas", "/ServiceProviderConfig"] {
        place.get(path).await?.expect(403)?;
    }
    let deactivate = patch(json!([{"op": "replace", "value": {"active": false}}]));
    place.ask("PATCH", "/Me", &deactivate).await?.expect(403)?;
    place.ask("DELETE", "/Me", &Value::Null).await?.expect(403)?;
    place.become_user("nobody");
    place.get("/Me").await?.expect(404)?;
    Ok(())
}

async fn changes() -> anyhow::Result<()> {
    let profile =
        json!({"extends": "default", "me": {"methods": ["GET", "PUT", "PATCH", "DELETE"]}});
    let mut place = Place::new(&profile.to_string()).await?;
    place.become_user(&place.user.clone());
    let rename = patch(json!([{"op": "add", "path": "nickName", "value": "Countess"}]));
    let renamed = place.ask("PATCH", "/Me", &rename).await?;
    located(&renamed, &place)?;
    let renamed = renamed.expect(200)?;
    ensure!(renamed["nickName"] == "Countess", "{renamed}");
    let replaced = place.ask("PUT", "/Me", &renamed).await?.expect(200)?;
    ensure!(replaced == renamed, "{replaced}");
    let refused = place.ask("PUT", "/Me", &json!({})).await?;
    refused.expect(400)?;
    located(&refused, &place)?;
    let deleted = place.ask("DELETE", "/Me", &Value::Null).await?;
    deleted.expect(204)?;
    located(&deleted, &place)?;
    let gone = place.get("/Me").await?;
    gone.expect(404)?;
    located(&gone, &place)
}

/// RFC 7644 section 3.11: in any response the permanent location of the resource.
fn located(answer: &Answer, place: &Place) -> anyhow::Result<()> {
    let location = format!("{}/Users/{}", place.endpoint.base(), place.user);
    ensure!(answer.header("location") == Some(&location), "{answer:?}");
    Ok(())
}
