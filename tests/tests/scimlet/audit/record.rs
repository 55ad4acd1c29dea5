//! The guest's entries in the audit: refused requests of clients with a good credential, and the
//! acts of administrators.

use std::path::Path;

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::store::RecordedEvent;
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::outbox;
use scimlet_tests::server::{self, Server};
use serde_json::{Value, json};

use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("audit::refusals_say_who_what_and_why", refusals),
        trial("audit::reads_that_find_nothing_are_not_kept", reads),
        trial("audit::each_refused_operation_of_a_bulk_is_kept", bulk),
        trial("audit::administrators_are_told_of_without_secrets", administration),
    ]
}

/// The tenant's endpoint, and the id of the credential.
fn client(folder: &Path, server: &Server) -> anyhow::Result<(Http, String)> {
    let made = server::json(folder, &["credential", "create", TENANT])?;
    let http = Http::new(server.base(TENANT), text(&made, "secret")?)?;
    Ok((http, text(&made, "id")?.to_owned()))
}

/// The refusals that are kept, with their data.
async fn kept(folder: &Path) -> anyhow::Result<Vec<(RecordedEvent, Value)>> {
    let audit = outbox::audit(folder, TENANT).await?.into_iter();
    let refused = audit.filter(|recorded| recorded.event.name == "refused");
    let with_data = refused.map(|recorded| {
        let data = serde_json::from_str(&recorded.event.body)?;
        Ok((recorded, data))
    });
    with_data.collect()
}

async fn refusals() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let (http, id) = client(folder.path(), &server)?;
    let user = json!({"userName": "ada@example.com", "password": "correct horse", "nonsense": 1});
    let made = http.ask("POST", "/Users", &user).await?.expect(201)?;
    let own = format!("/Users/{}", text(&made, "id")?);
    http.ask("POST", "/Users", &user).await?.expect(409)?;
    let wrong = patch(json!([
        {"op": "replace", "path": "emails[value eq \"ada@example.com\"].type", "value": "home"},
        {"op": "replace", "value": {"id": "ada-lovelace", "title": "Countess"}},
    ]));
    http.ask("PATCH", &own, &wrong).await?.expect(400)?;
    http.ask("DELETE", "/Users/ada@example.com", &Value::Null).await?.expect(404)?;
    http.ask("PUT", "/ada@example.com/x?y=z", &user).await?.expect(404)?;
    http.ask("DELETE", "/Users", &Value::Null).await?.expect(405)?;
    let kept = kept(folder.path()).await?;
    let data: Vec<&Value> = kept.iter().map(|(_, data)| data).collect();
    let expected = [
        json!({"status": 409, "scimType": "uniqueness", "method": "POST", "path": "/Users",
               "attributes": ["password", "userName"]}),
        json!({"status": 400, "scimType": "noTarget", "method": "PATCH", "path": own,
               "attributes": ["emails", "id", "title"]}),
        json!({"status": 404, "method": "DELETE", "path": "/Users"}),
        json!({"status": 404, "method": "PUT"}),
        json!({"status": 405, "method": "DELETE", "path": "/Users"}),
    ];
    ensure!(data == expected.iter().collect::<Vec<_>>(), "{data:#?}");
    for (recorded, _) in &kept {
        ensure!(recorded.actor == id, "{recorded:?}");
        let text = format!("{recorded:?}");
        for value in ["ada@", "ada-love", "horse", "nonsense", "Countess", &http.secret] {
            ensure!(!text.contains(value), "{value} in {text}");
        }
    }
    Ok(())
}

async fn reads() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let (http, _) = client(folder.path(), &server)?;
    http.get("/Users/nobody").await?.expect(404)?;
    http.get("/Users?filter=x").await?.expect(400)?;
    let search = json!({"schemas": [], "filter": "x"});
    http.ask("POST", "/Users/.search", &search).await?.expect(400)?;
    ensure!(kept(folder.path()).await?.is_empty());
    // Whoever may not read at all leaves a trace.
    http.get("/ResourceTypes?filter=x%20pr").await?.expect(403)?;
    ensure!(kept(folder.path()).await?.len() == 1);
    Ok(())
}

async fn bulk() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let (http, id) = client(folder.path(), &server)?;
    let user = json!({"userName": "ada@example.com"});
    let post =
        |name: &str| json!({"method": "POST", "path": "/Users", "bulkId": name, "data": user});
    let operations = json!([
        post("a"), post("b"), {"method": "DELETE", "path": "/Users/nobody@example.com"},
    ]);
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations,
    });
    http.ask("POST", "/Bulk", &body).await?.expect(200)?;
    let kept = kept(folder.path()).await?;
    let data: Vec<&Value> = kept.iter().map(|(_, data)| data).collect();
    let expected = [
        json!({"status": 409, "scimType": "uniqueness", "method": "POST", "path": "/Users",
               "attributes": ["userName"]}),
        json!({"status": 404, "method": "DELETE", "path": "/Users"}),
    ];
    ensure!(data == expected.iter().collect::<Vec<_>>(), "{data:#?}");
    ensure!(kept.iter().all(|(recorded, _)| recorded.actor == id));
    ensure!(outbox::feed(folder.path(), TENANT).await?.len() == 1);
    Ok(())
}

async fn administration() -> anyhow::Result<()> {
    let (folder, server) = server::fresh()?;
    let folder = folder.path();
    let (http, id) = client(folder, &server)?;
    let rotated = server::json(folder, &["credential", "rotate", TENANT, &id])?;
    server::json(folder, &["credential", "revoke", TENANT, &id])?;
    let audit = outbox::audit(folder, TENANT).await?;
    let names: Vec<&str> = audit.iter().map(|recorded| recorded.event.name.as_str()).collect();
    // The first credential is the one that the empty database got.
    let expected = [
        "profile-changed",
        "credential-issued",
        "credential-issued",
        "credential-rotated",
        "credential-revoked",
    ];
    ensure!(names == expected, "{names:?}");
    for recorded in &audit[2..] {
        let subject = recorded.event.subject.as_ref().context("about nothing")?;
        ensure!(subject.id == id && recorded.actor == "admin", "{recorded:?}");
    }
    let all = format!("{audit:?}");
    for secret in [http.secret.as_str(), text(&rotated, "secret")?] {
        let (_, proper) = secret.rsplit_once('_').context("no secret")?;
        ensure!(!all.contains(proper), "a secret stands in {all}");
    }
    Ok(())
}
