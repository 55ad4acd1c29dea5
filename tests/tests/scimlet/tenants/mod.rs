//! Two customers on one server: neither reads, changes or even detects what is the other's, on
//! whatever URL.

mod bases;
mod foreign;
mod refusal;

use anyhow::ensure;
use libtest_mimic::Trial;
use scimlet_tests::client::text;
use scimlet_tests::exchange::{Answer, Http};
use scimlet_tests::outbox;
use scimlet_tests::server::{self, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::trial;

/// One trial for each method, case and base URL.
pub fn trials() -> Vec<Trial> {
    let mut trials = vec![trial("tenants::same_user_name", same_user_name)];
    trials.extend(bases::trials());
    trials.extend(foreign::trials());
    trials.extend(refusal::trials());
    trials
}

/// A server with the tenants `ours` and `theirs`.
struct Town {
    folder: TempDir,
    server: Server,
    ours: Resident,
    theirs: Resident,
}

/// A tenant with a user, and a group of which that is the member.
struct Resident {
    name: &'static str,
    http: Http,
    user: String,
    group: String,
}

impl Town {
    async fn build() -> anyhow::Result<Self> {
        let (folder, server) = server::fresh()?;
        for name in ["ours", "theirs"] {
            server::json(folder.path(), &["tenant", "create", name])?;
        }
        Ok(Self {
            ours: Resident::settle("ours", server.endpoint("ours")?).await?,
            theirs: Resident::settle("theirs", server.endpoint("theirs")?).await?,
            folder,
            server,
        })
    }

    /// Everything of theirs that a client can see, and how many events led to it.
    async fn theirs(&self) -> anyhow::Result<(Value, Value, usize)> {
        let http = &self.theirs.http;
        let users = http.get("/Users").await?.expect(200)?;
        let groups = http.get("/Groups").await?.expect(200)?;
        let events = outbox::feed(self.folder.path(), "theirs").await?;
        Ok((users, groups, events.len()))
    }

    /// A text with the ids of both filled in.
    fn fill(&self, template: &str) -> String {
        template
            .replace("{their user}", &self.theirs.user)
            .replace("{their group}", &self.theirs.group)
            .replace("{our user}", &self.ours.user)
            .replace("{our group}", &self.ours.group)
    }
}

impl Resident {
    /// Makes a user and a group whose names all begin with the tenant's.
    async fn settle(name: &'static str, http: Http) -> anyhow::Result<Self> {
        let user = json!({"userName": format!("{name}@example.com"), "title": name});
        let user = http.ask("POST", "/Users", &user).await?.expect(201)?;
        let members = json!([{"value": user["id"]}]);
        let group = json!({"displayName": format!("{name} all"), "members": members});
        let group = http.ask("POST", "/Groups", &group).await?.expect(201)?;
        Ok(Self {
            name,
            user: text(&user, "id")?.to_owned(),
            group: text(&group, "id")?.to_owned(),
            http,
        })
    }

    /// Whether an answer has anything that only this tenant can know. Ids that were asked for do
    /// not count.
    fn is_betrayed_by(&self, answer: &Answer, asked: &str) -> bool {
        let told = format!("{:?} {}", answer.headers, answer.body);
        let ids = [&self.user, &self.group];
        let mut ids = ids.into_iter().filter(|id| !asked.contains(id.as_str()));
        told.contains(self.name) || ids.any(|id| told.contains(id.as_str()))
    }
}

/// A name that is in use in one tenant is free in the other.
async fn same_user_name() -> anyhow::Result<()> {
    let town = Town::build().await?;
    let user = json!({"userName": "theirs@example.com"});
    let http = &town.ours.http;
    let made = http.ask("POST", "/Users", &user).await?.expect(201)?;
    http.ask("POST", "/Users", &user).await?.expect(409)?;
    let found = http.find("/Users", "userName eq \"theirs@example.com\"").await?;
    ensure!(found == [made], "{found:?}");
    let theirs = &town.theirs.http;
    let found = theirs.find("/Users", "userName eq \"theirs@example.com\"").await?;
    ensure!(found.len() == 1 && found[0]["id"] == *town.theirs.user, "{found:?}");
    Ok(())
}
