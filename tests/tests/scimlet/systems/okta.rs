//! Okta's side: the requests that it sends, in the shapes of `clients.md`.

use anyhow::ensure;
use data_encoding::BASE64;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use scimlet_tests::client::{patch, text};
use scimlet_tests::exchange::{Answer, Call, Endpoint, Http};
use serde_json::{Value, json};

/// The User-Agent of Okta.
const AGENT: &str = "Okta SCIM Client 1.0.0";

/// A SCIM application of Okta's.
#[derive(Clone)]
pub(super) struct Okta {
    http: Http,
    authorization: String,
    agent: &'static str,
}

impl Okta {
    /// Returns an application with the URL and the secret that a command has printed.
    pub(super) fn new(issued: &Value) -> anyhow::Result<Self> {
        let secret = text(issued, "secret")?;
        let authorization = match issued["username"].as_str() {
            Some(name) => {
                let pair = format!("{name}:{secret}");
                format!("Basic {}", BASE64.encode(pair.as_bytes()))
            }
            None => format!("Bearer {secret}"),
        };
        Ok(Self { http: Http::new(text(issued, "url")?, secret)?, authorization, agent: AGENT })
    }

    /// Returns this application with its URL changed to another one.
    pub(super) fn at(&self, url: &str) -> Self {
        Self { http: self.http.at(url), ..self.clone() }
    }

    /// Returns this application with its User-Agent changed.
    pub(super) fn calling_itself(&self, agent: &'static str) -> Self {
        let same = self.clone();
        Self { agent, ..same }
    }

    /// Returns the application's secret.
    pub(super) fn secret(&self) -> &str {
        &self.http.secret
    }

    /// Sends a request, with a body unless it is null.
    pub(super) async fn send(
        &self,
        method: &str,
        target: &str,
        body: &Value,
    ) -> anyhow::Result<Answer> {
        let headers = [
            ("user-agent", self.agent),
            ("authorization", &self.authorization),
            ("accept", "application/scim+json"),
            ("content-type", "application/scim+json; charset=utf-8"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let call = Call {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.into(),
            body,
        };
        self.http.send(call).await
    }

    /// Sends a GET.
    pub(super) async fn get(&self, target: &str) -> anyhow::Result<Answer> {
        self.send("GET", target, &Value::Null).await
    }

    /// Tests the credentials, as the button "Test API Credentials" does.
    pub(super) async fn test_credentials(&self) -> anyhow::Result<()> {
        for target in ["/Users?startIndex=1&count=2", "/Groups?startIndex=1&count=100"] {
            let list = self.get(target).await?.expect(200)?;
            ensure!(list["startIndex"] == 1, "{list}");
        }
        Ok(())
    }

    /// Returns all users of this name, as Okta matches them before a create.
    pub(super) async fn matches(&self, name: &str) -> anyhow::Result<Vec<Value>> {
        self.found("/Users", &format!("userName eq \"{name}\"")).await
    }

    async fn found(&self, target: &str, filter: &str) -> anyhow::Result<Vec<Value>> {
        let filter = utf8_percent_encode(filter, NON_ALPHANUMERIC);
        let target = format!("{target}?filter={filter}&startIndex=1&count=100");
        let list = self.get(&target).await?.expect(200)?;
        Ok(list["Resources"].as_array().cloned().unwrap_or_default())
    }

    /// Imports all users, in pages of two; returns them.
    pub(super) async fn import(&self) -> anyhow::Result<Vec<Value>> {
        let mut people = Vec::new();
        loop {
            let target = format!("/Users?startIndex={}&count=2", people.len() + 1);
            let page = self.get(&target).await?.expect(200)?;
            let found = page["Resources"].as_array().cloned().unwrap_or_default();
            ensure!(page["itemsPerPage"] == found.len(), "{page}");
            people.extend(found);
            if page["totalResults"] == people.len() {
                return Ok(people);
            }
            ensure!(page["itemsPerPage"] == 2, "a page is short: {page}");
        }
    }

    /// Assigns a user: creates it.
    pub(super) async fn create(&self, name: &str) -> anyhow::Result<Answer> {
        self.send("POST", "/Users", &person(name)).await
    }

    /// Assigns a new user; returns the id.
    pub(super) async fn created(&self, name: &str) -> anyhow::Result<String> {
        let user = self.create(name).await?.expect(201)?;
        Ok(text(&user, "id")?.to_owned())
    }

    /// Reads a user by id.
    pub(super) async fn user(&self, id: &str) -> anyhow::Result<Value> {
        self.get(&format!("/Users/{id}")).await?.expect(200)
    }

    /// Reads a user, merges the changes in, and replaces the whole.
    pub(super) async fn update(&self, id: &str, changes: Value) -> anyhow::Result<Answer> {
        let mut user = self.user(id).await?;
        for (name, value) in changes.as_object().into_iter().flatten() {
            user[name] = value.clone();
        }
        self.send("PUT", &format!("/Users/{id}"), &user).await
    }

    /// Deactivates or reactivates a user by PATCH.
    pub(super) async fn activate(&self, id: &str, active: bool) -> anyhow::Result<Answer> {
        let operations = json!([{"op": "replace", "value": {"active": active}}]);
        self.change(&format!("/Users/{id}"), operations).await
    }

    /// Deactivates a user.
    pub(super) async fn deactivate(&self, id: &str) -> anyhow::Result<Value> {
        self.activate(id, false).await?.expect(200)
    }

    /// Deletes a user. Okta itself never does; other clients do.
    pub(super) async fn delete(&self, id: &str) -> anyhow::Result<()> {
        let target = format!("/Users/{id}");
        let answer = self.send("DELETE", &target, &Value::Null).await?;
        answer.expect(204).map(drop)
    }

    /// Sends a PATCH with these operations.
    pub(super) async fn change(&self, target: &str, operations: Value) -> anyhow::Result<Answer> {
        self.send("PATCH", target, &patch(operations)).await
    }

    /// Pushes a group that does not exist, and then its members; returns the id.
    pub(super) async fn push(&self, name: &str, members: &[&str]) -> anyhow::Result<String> {
        let there = self.found("/Groups", &format!("displayName eq \"{name}\"")).await?;
        ensure!(there.is_empty(), "there is a group: {there:?}");
        let group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name,
            "members": [],
        });
        let group = self.send("POST", "/Groups", &group).await?.expect(201)?;
        let id = text(&group, "id")?.to_owned();
        for member in members {
            self.join(&id, member).await?.expect(200)?;
        }
        Ok(id)
    }

    /// Adds a member to a pushed group.
    pub(super) async fn join(&self, group: &str, user: &str) -> anyhow::Result<Answer> {
        let value = json!([{"value": user, "display": null}]);
        let operations = json!([{"op": "add", "path": "members", "value": value}]);
        self.change(&format!("/Groups/{group}"), operations).await
    }

    /// Removes a member from a pushed group.
    pub(super) async fn leave(&self, group: &str, user: &str) -> anyhow::Result<Answer> {
        let path = format!("members[value eq \"{user}\"]");
        let operations = json!([{"op": "remove", "path": path}]);
        self.change(&format!("/Groups/{group}"), operations).await
    }

    /// Renames a pushed group.
    pub(super) async fn rename(&self, group: &str, name: &str) -> anyhow::Result<Value> {
        let value = json!({"id": group, "displayName": name});
        let operations = json!([{"op": "replace", "value": value}]);
        let answer = self.change(&format!("/Groups/{group}"), operations).await?;
        answer.expect(200)
    }

    /// The ids of a group's members.
    pub(super) async fn members(&self, group: &str) -> anyhow::Result<Vec<String>> {
        let group = self.get(&format!("/Groups/{group}")).await?.expect(200)?;
        let members = group["members"].as_array().cloned().unwrap_or_default();
        let id = |member: Value| text(&member, "value").map(ToOwned::to_owned);
        members.into_iter().map(id).collect()
    }
}

/// Returns a user in the form that Okta creates.
pub(super) fn person(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": true, "value": name, "type": "work"}],
        "displayName": "Test User",
        "locale": "en-US",
        "externalId": format!("00u-{name}"),
        "groups": [],
        "password": "1mz050nq",
        "active": true,
    })
}
