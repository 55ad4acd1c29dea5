//! A refused request: the client is told that it is, and the journal alone says why, without the secret.

use std::sync::{Arc, Mutex};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::bindings::exports::scimlet::plugin::admin::CredentialRequest;
use scimlet::http::Caller;
use scimlet::plugin::journal::{Journal, Note, Subject};
use scimlet::store::Database;
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::exchange::{Call, DEFAULT, Endpoint, InProcess, TENANT};
use scimlet_tests::memory::Memory;

/// The trial.
pub fn trials() -> Vec<Trial> {
    vec![super::trial("refusals::the_journal_says_why", journal)]
}

/// Keeps what it is told.
#[derive(Default)]
struct Kept(Mutex<Vec<String>>);

impl Journal for Kept {
    fn write(&self, _: &Subject, note: Note) {
        self.0
            .lock()
            .expect("nobody panics with it")
            .push(note.text);
    }
}

async fn journal() -> anyhow::Result<()> {
    let kept = Arc::new(Kept::default());
    let plugin = Plugin::new(PluginOptions {
        journal: kept.clone(),
        ..PluginOptions::default()
    })?;
    let database = Memory::exact();
    database.create_tenant(TENANT, 0).await?;
    let store = database.open(TENANT).await?.context("no tenant")?;
    let admin = plugin.admin(store.clone());
    admin.configure(DEFAULT, None).await?;
    let request = |tenant: &str| CredentialRequest::bearer(tenant, "");
    let revoked = admin.issue_credential(&request(TENANT)).await?;
    admin.revoke_credential(&revoked.credential.id).await?;
    let rotated = admin.issue_credential(&request(TENANT)).await?;
    admin.rotate_credential(&rotated.credential.id).await?;
    let elsewhere = admin.issue_credential(&request("elsewhere")).await?;
    let mistyped = format!("{}x", rotated.secret);
    let cases = [
        (revoked.secret, "it is revoked"),
        (rotated.secret, "wrong secret"),
        (elsewhere.secret, "it is another tenant's"),
        (mistyped, "mistyped"),
    ];
    let caller = Caller::Unknown;
    let endpoint = InProcess {
        provider: Arc::new(plugin),
        store,
        secret: String::new(),
        caller,
    };
    for (secret, why) in cases {
        kept.0.lock().expect("nobody panics with it").clear();
        let headers = vec![("authorization".to_owned(), format!("Bearer {secret}"))];
        let (method, target) = ("GET".to_owned(), "/Users".to_owned());
        let answer = endpoint
            .send(Call {
                method,
                target,
                headers,
                body: String::new(),
            })
            .await?;
        answer.expect(401)?;
        ensure!(
            answer.body.contains("a valid credential is required"),
            "{}",
            answer.body
        );
        let notes = kept.0.lock().expect("nobody panics with it").join("\n");
        ensure!(notes.contains(why), "no `{why}` in {notes}");
        ensure!(!notes.contains(&secret), "the secret stands in {notes}");
    }
    Ok(())
}
