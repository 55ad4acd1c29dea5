//! Pooled instances: one that failed is not reused, and clients notice no difference.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scimlet::http::{Caller, Origin, Request, Response};
use scimlet::plugin::CredentialRequest;
use scimlet::plugin::random::{OsRandom, Random};
use scimlet::plugin::{Cause, PluginError, PoolOptions};
use scimlet::store::sqlite::Sqlite;
use scimlet::store::{Database, Store};
use scimlet::{Plugin, PluginOptions};
use tempfile::TempDir;

/// A random source that fails on demand, which traps the guest in the middle of its work.
#[derive(Default)]
struct FailingRandom(AtomicBool);

impl Random for FailingRandom {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) {
            return Err(io::Error::other("told to fail"));
        }
        OsRandom.fill(buffer)
    }
}

/// A tenant with its storage and a valid secret.
struct Tenant {
    name: &'static str,
    store: Arc<dyn Store>,
    secret: String,
}

impl Tenant {
    async fn new(plugin: &Plugin, database: &Sqlite, name: &'static str) -> Self {
        database.create_tenant(name, 0).await.unwrap();
        let store = database.open(name).await.unwrap().unwrap();
        let admin = plugin.admin(store.clone());
        let profile = r#"{"extends":"default"}"#;
        admin.configure(profile, None).await.unwrap();
        let request = CredentialRequest::bearer(name, "test");
        let secret = admin.issue_credential(&request).await.unwrap().secret;
        Self { name, store, secret }
    }

    async fn create(
        &self,
        plugin: &Plugin,
        secret: &str,
        user: &str,
    ) -> Result<Response, PluginError> {
        let origin = Origin {
            tenant: self.name.to_owned(),
            base_url: format!("http://localhost/{}/scim/v2", self.name),
            client_address: None,
            caller: Caller::Unknown,
        };
        let schema = "urn:ietf:params:scim:schemas:core:2.0:User";
        let request = Request {
            method: "POST".to_owned(),
            path: "/Users".to_owned(),
            query: String::new(),
            headers: vec![("authorization".to_owned(), format!("Bearer {secret}"))],
            body: format!(r#"{{"schemas":["{schema}"],"userName":"{user}"}}"#),
        };
        plugin.handle(Arc::clone(&self.store), origin, request).await
    }
}

fn plugin(random: Arc<dyn Random>) -> Plugin {
    let options = PluginOptions::default().with_random(random);
    Plugin::new(options.with_pool(PoolOptions::default())).unwrap()
}

#[tokio::test]
async fn an_instance_that_trapped_is_not_used_again() {
    let random = Arc::new(FailingRandom::default());
    let plugin = plugin(Arc::clone(&random) as _);
    let folder = TempDir::new().unwrap();
    let database = Sqlite::open(folder.path().join("test.db")).unwrap();
    let acme = Tenant::new(&plugin, &database, "acme").await;
    for (user, fails) in [("a", false), ("b", true), ("c", false), ("d", false)] {
        random.0.store(fails, Ordering::SeqCst);
        match acme.create(&plugin, &acme.secret, user).await {
            Ok(response) => assert_eq!((response.status, fails), (201, false), "{user}"),
            Err(fault) => assert!(fails && matches!(fault.cause, Cause::Trap(_)), "{fault}"),
        }
    }
}

#[tokio::test]
async fn tenants_in_turn_get_their_own_answers_and_no_others_secret_is_good() {
    let plugin = plugin(Arc::new(OsRandom));
    let folder = TempDir::new().unwrap();
    let database = Sqlite::open(folder.path().join("test.db")).unwrap();
    let acme = Tenant::new(&plugin, &database, "acme").await;
    let other = Tenant::new(&plugin, &database, "other").await;
    for user in ["a", "b", "c"] {
        for (tenant, foreign) in [(&acme, &other), (&other, &acme)] {
            for (secret, status) in
                [(&tenant.secret, 201), (&tenant.secret, 409), (&foreign.secret, 401)]
            {
                let answer = tenant.create(&plugin, secret, user).await.unwrap();
                assert_eq!(answer.status, status, "{}: {}", tenant.name, answer.body);
            }
        }
    }
}
