//! The notes of the journal: why a request was refused, which the client is not told, without the
//! secret; and how a query was answered.

use std::sync::{Arc, Mutex};

use anyhow::{Context, ensure};
use libtest_mimic::Trial;
use scimlet::http::{Caller, Principal};
use scimlet::plugin::CredentialRequest;
use scimlet::plugin::Issued;
use scimlet::plugin::journal::{Journal, Note, Subject};
use scimlet::store::memory::Memory;
use scimlet::store::{Database, Store};
use scimlet::{Plugin, PluginOptions};
use scimlet_tests::exchange::{Call, DEFAULT, Endpoint, InProcess, TENANT};
use scimlet_tests::wording::{mentions, numbers, told_apart};
use serde_json::json;

/// The trials.
pub fn trials() -> Vec<Trial> {
    vec![
        super::trial("journal::says_why_a_request_was_refused", refusals),
        super::trial("journal::says_how_a_query_was_answered", queries),
        super::trial("journal::says_what_was_dropped", dropped),
    ]
}

/// A journal that keeps the notes.
#[derive(Default)]
struct RecordingJournal(Mutex<Vec<Note>>);

impl RecordingJournal {
    fn clear(&self) {
        self.0.lock().expect("nobody panics with it").clear();
    }

    /// The texts under a topic, each on a line.
    fn notes(&self, topic: &str) -> String {
        let notes = self.0.lock().expect("nobody panics with it");
        let of_topic = notes.iter().filter(|note| note.topic == topic);
        let texts: Vec<&str> = of_topic.map(|note| note.text.as_str()).collect();
        texts.join("\n")
    }
}

impl Journal for RecordingJournal {
    fn write(&self, _: &Subject, note: Note) {
        self.0.lock().expect("nobody panics with it").push(note);
    }
}

/// Returns a journal, a plugin that writes to it, and a tenant's store.
async fn recorded() -> anyhow::Result<(Arc<RecordingJournal>, Plugin, Arc<dyn Store>)> {
    let journal = Arc::new(RecordingJournal::default());
    let plugin = Plugin::new(PluginOptions::default().with_journal(journal.clone()))?;
    let database = Memory::exact();
    database.create_tenant(TENANT, 0).await?;
    let store = database.open(TENANT).await?.context("no tenant")?;
    Ok((journal, plugin, store))
}

async fn refusals() -> anyhow::Result<()> {
    let (journal, plugin, store) = recorded().await?;
    let admin = plugin.admin(store.clone());
    admin.configure(DEFAULT, None).await?;
    let request = |tenant: &str| CredentialRequest::bearer(tenant, "");
    let revoked = admin.issue_credential(&request(TENANT)).await?;
    admin.revoke_credential(&revoked.credential.id).await?;
    let rotated = admin.issue_credential(&request(TENANT)).await?;
    admin.rotate_credential(&rotated.credential.id).await?;
    let elsewhere = admin.issue_credential(&request("elsewhere")).await?;
    let id = |issued: &Issued| issued.credential.id.clone();
    let ids = [id(&revoked), id(&rotated), id(&elsewhere)];
    let mistyped = format!("{}x", rotated.secret);
    let cases = [
        ("revoked", revoked.secret, Some(&ids[0])),
        ("rotated", rotated.secret, Some(&ids[1])),
        ("elsewhere", elsewhere.secret, Some(&ids[2])),
        ("mistyped", mistyped, None),
    ];
    let caller = Caller::Unknown;
    let endpoint = InProcess { provider: Arc::new(plugin), store, secret: String::new(), caller };
    let (mut reasons, mut answers) = (Vec::new(), Vec::new());
    for (why, secret, id) in cases {
        journal.clear();
        let headers = vec![("authorization".to_owned(), format!("Bearer {secret}"))];
        let (method, target) = ("GET".to_owned(), "/Users".to_owned());
        let answer = endpoint.send(Call { method, target, headers, body: String::new() }).await?;
        answers.push(answer.refusal(401, &[])?);
        let notes = journal.notes("access");
        ensure!(!notes.contains(&secret), "the secret stands in {notes}");
        let name = id.map_or("", String::as_str);
        ensure!(id.is_none() || mentions(&notes, name), "no `{name}` in {notes}");
        reasons.push((why, notes.replace(name, "")));
    }
    ensure!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
    told_apart(&reasons)
}

/// The journal names the attributes of a request that no schema has or that clients cannot write,
/// in bounded length.
async fn dropped() -> anyhow::Result<()> {
    const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let (journal, plugin, store) = recorded().await?;
    plugin.admin(store.clone()).configure(DEFAULT, None).await?;
    let caller = Caller::Client(Principal { name: "gateway".to_owned() });
    let endpoint = InProcess { provider: Arc::new(plugin), store, secret: String::new(), caller };
    let send = async |method: &str, target: &str, body: serde_json::Value| {
        journal.clear();
        let headers = vec![("content-type".to_owned(), "application/scim+json".to_owned())];
        let (method, target, body) = (method.to_owned(), target.to_owned(), body.to_string());
        let call = Call { method, target, headers, body };
        let answer = endpoint.send(call).await?;
        anyhow::Ok((answer, journal.notes("schema")))
    };
    let user =
        json!({"schemas": [USER], "userName": "ada", "shoeSize": 42, "name": {"nobility": "x"}});
    let (answer, notes) = send("POST", "/Users", user).await?;
    let made = answer.expect(201)?;
    ensure!(mentions(&notes, "shoeSize") && mentions(&notes, "name.nobility"), "{notes}");
    let target = format!("/Users/{}", made["id"].as_str().context("no id")?);
    let path = format!("{ENTERPRISE}:manager");
    let manager = json!({"op": "replace", "path": path, "value": {"displayName": "B"}});
    let body = scimlet_tests::client::patch(json!([manager]));
    let (answer, notes) = send("PATCH", &target, body).await?;
    answer.expect(200)?;
    ensure!(mentions(&notes, "manager.displayName"), "{notes}");
    let long = "x".repeat(500);
    let many: serde_json::Map<String, serde_json::Value> =
        (0..200).map(|at| (format!("{long}{at}"), at.into())).collect();
    let body = scimlet_tests::client::patch(json!([{"op": "add", "value": many}]));
    let (answer, notes) = send("PATCH", &target, body).await?;
    answer.expect(200)?;
    ensure!(notes.len() < 4000, "{} bytes", notes.len());
    Ok(())
}

async fn queries() -> anyhow::Result<()> {
    let (journal, plugin, store) = recorded().await?;
    plugin.admin(store.clone()).configure(DEFAULT, None).await?;
    let endpoint = InProcess {
        provider: Arc::new(plugin),
        store,
        secret: String::new(),
        caller: Caller::Client(Principal { name: "gateway".to_owned() }),
    };
    let send = |method: &str, target: String, body: String| {
        endpoint.send(Call { method: method.to_owned(), target, headers: Vec::new(), body })
    };
    for name in ["ada", "bob", "eve"] {
        let schemas = r#""schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]"#;
        let user = format!(r#"{{{schemas},"userName":"{name}","nickName":"x"}}"#);
        let made = send("POST", "/Users".to_owned(), user).await?;
        made.expect(201)?;
    }
    // How many entries were read one by one, where that was needed, and how many nodes of the
    // filter the store evaluated.
    let mut ways = Vec::new();
    for (filter, way, known) in [
        ("userName eq \"ada\"", "store", &[1][..]),
        ("nickName eq \"x\"", "scan", &[0, 3]),
        ("userName eq \"ada\" and nickName eq \"x\"", "scan", &[1, 3]),
        ("id eq \"none\"", "id", &[0]),
    ] {
        journal.clear();
        let filter = filter.replace(' ', "%20").replace('"', "%22");
        let found = send("GET", format!("/Users?filter={filter}"), String::new()).await?;
        found.expect(200)?;
        let notes = journal.notes("query");
        ensure!(numbers(&notes) == known, "{filter}: {notes}");
        let without = notes.replace(|c: char| c.is_ascii_digit(), "");
        ways.push((way, without));
    }
    told_apart(&ways)
}
