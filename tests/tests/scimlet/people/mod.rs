//! Users whom the service knows already: who is found and taken over by a POST, who is gone for
//! clients and kept by the product, and which texts are refused as names (RFC 7644 sections 3.3 and
//! 3.6).

mod known;
mod names;
mod removed;

use std::sync::Arc;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::feed::Line;
use scimlet::http::Caller;
use scimlet::plugin::CredentialRequest;
use scimlet::store::memory::Memory;
use scimlet::store::{Database, TenantStorage};
use scimlet::{Plugin, PluginOptions};
use scimlet_contract::kit::counter;
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::{Answer, Call, Endpoint, InProcess, TENANT};
use serde_json::{Value, json};

/// The trials, each over a store that answers exactly and over one that ignores filters.
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for (store, database) in
        [("exact", Memory::exact as fn() -> Memory), ("unfiltered", Memory::unfiltered)]
    {
        macro_rules! trial {
            ($module:ident::$name:ident) => {
                super::trial(format!("people::{}::{store}", stringify!($name)), move || {
                    $module::$name(database())
                })
            };
        }
        trials.extend([
            trial!(known::active_from_the_beginning),
            trial!(known::existing_is_refused),
            trial!(known::deprovisioned_returns),
            trial!(known::lookalikes_take_over_nobody),
            trial!(known::linked_keeps_its_roles),
            trial!(removed::removed_is_gone_and_kept),
            trial!(removed::removed_returns),
            trial!(removed::removed_is_erased),
            trial!(names::external_ids_are_unique),
            trial!(names::invisible_names),
            trial!(names::unique_of_all_kinds),
        ]);
    }
    trials
}

/// A tenant with a client and an operator.
struct Site {
    plugin: Arc<Plugin>,
    store: Arc<dyn TenantStorage>,
    endpoint: InProcess,
}

impl Site {
    async fn new(database: Memory, profile: Value) -> anyhow::Result<Self> {
        let plugin = Arc::new(Plugin::new(PluginOptions::default())?);
        database.create_tenant(TENANT, 0).await?;
        let store = database.open(TENANT).await?.context("no tenant")?;
        let admin = plugin.admin(store.clone());
        admin.configure(&profile.to_string(), None).await?;
        let request = CredentialRequest::bearer(TENANT, "test");
        let secret = admin.issue_credential(&request).await?.secret;
        let endpoint = InProcess {
            provider: plugin.clone(),
            store: store.clone(),
            secret,
            caller: Caller::Unknown,
        };
        Ok(Self { plugin, store, endpoint })
    }

    fn admin(&self) -> scimlet::plugin::Admin<'_> {
        self.plugin.admin(self.store.clone())
    }

    async fn ask(&self, method: &str, target: &str, body: Value) -> anyhow::Result<Answer> {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let bearer = format!("Bearer {}", self.endpoint.secret);
        let headers =
            vec![header("authorization", &bearer), header("content-type", "application/scim+json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.endpoint
            .send(Call { method: method.to_owned(), target: target.to_owned(), headers, body })
            .await
    }

    async fn post(&self, user: Value) -> anyhow::Result<Answer> {
        self.ask("POST", "/Users", user).await
    }

    async fn made(&self, user: Value) -> anyhow::Result<String> {
        let made = self.post(user).await?.expect(201)?;
        text(&made, "id").map(ToOwned::to_owned)
    }

    async fn activate(&self, id: &str, active: bool) -> anyhow::Result<()> {
        let body = patch(json!([{"op": "replace", "path": "active", "value": active}]));
        let answer = self.ask("PATCH", &format!("/Users/{id}"), body).await?;
        answer.expect(200).map(drop)
    }

    async fn user(&self, id: &str) -> anyhow::Result<Answer> {
        self.ask("GET", &format!("/Users/{id}"), Value::Null).await
    }

    async fn found(&self, filter: &str) -> anyhow::Result<Vec<Value>> {
        let target = scimlet_tests::tenant::target("/Users", &[("filter", filter)]);
        let list = self.ask("GET", &target, Value::Null).await?.expect(200)?;
        Ok(list["Resources"].as_array().cloned().unwrap_or_default())
    }

    async fn imported(&self, user: Value) -> anyhow::Result<String> {
        let imported = self.admin().import_users(&[user.to_string()]).await?;
        let shown: Vec<Value> = self.listed(None).await?;
        ensure!(imported.len() == 1, "{imported:?}");
        let last = shown.last().context("nobody")?;
        text(last, "id").map(ToOwned::to_owned)
    }

    /// Returns the product's list of users.
    async fn listed(&self, filter: Option<&str>) -> anyhow::Result<Vec<Value>> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.admin().users(filter, &cursor, 1).await?;
            let page: Value = serde_json::from_str(&page)?;
            all.extend(page["Resources"].as_array().cloned().unwrap_or_default());
            match page["nextCursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => return Ok(all),
            }
        }
    }

    async fn seats(&self) -> anyhow::Result<u64> {
        Ok(counter(&*self.store, "seats").await?)
    }

    /// Returns the data of the audit's events of this name about a user.
    async fn audit(&self, name: &str, id: &str) -> anyhow::Result<Vec<Value>> {
        let events = self.store.events(0, 1000).await?;
        let lines = events.iter().map(Line::from);
        let path = format!("/Users/{id}");
        let about = lines.filter(|line| {
            line.channel == "audit" && line.name == name && line.subject.as_ref() == Some(&path)
        });
        Ok(about.map(|line| line.data).collect())
    }
}

fn user(name: &str) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name})
}

fn with(mut user: Value, members: Value) -> Value {
    for (name, value) in members.as_object().into_iter().flatten() {
        user[name] = value.clone();
    }
    user
}
