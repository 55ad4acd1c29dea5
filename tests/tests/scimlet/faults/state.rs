//! The state of resources that only one client changes, as that client knows it, and the effect of
//! a request on it. Null stands for a value that the client cannot know.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use scimlet_tests::client::patch;
use scimlet_tests::exchange::{Answer, Http};
use serde_json::{Value, json};

use super::document::{is_group, matches, members, name, plain, version};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// A request of a client. Users are named by their userName, groups by their displayName.
#[derive(Clone, Debug)]
pub enum Step {
    CreateUser(String),
    CreateGroup { name: String, members: Vec<String> },
    Retitle { user: String, title: String },
    Join { group: String, user: String },
    Delete(String),
}

/// Resources by their names, as [`plain`] makes them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State(BTreeMap<String, Value>);

impl State {
    /// The state of all resources whose names begin so.
    pub async fn observe(http: &Http, prefix: &str) -> anyhow::Result<Self> {
        let filter = |path: &str| format!("{path} sw \"{prefix}\"");
        let users = http.find("/Users", &filter("userName")).await?;
        let groups = http.find("/Groups", &filter("displayName")).await?;
        let mut state = Self::default();
        for document in [users, groups].concat() {
            let document = plain(document, &http.base)?;
            let name = name(&document)?.to_owned();
            let other = state.0.insert(name, document);
            ensure!(other.is_none(), "two have one name: {other:?}");
        }
        Ok(state)
    }

    /// The names of all users, or of all groups.
    pub fn names(&self, groups: bool) -> Vec<&str> {
        let all = self.0.iter();
        all.filter(|(_, document)| is_group(document) == groups)
            .map(|(name, _)| name.as_str())
            .collect()
    }

    /// Whether a user is a member of a group.
    pub fn has(&self, group: &str, user: &str) -> bool {
        members(&self.0[group]).contains(&self.id(user))
    }

    /// Where a resource is, below the base URL.
    pub fn target(&self, name: &str) -> String {
        let document = &self.0[name];
        let endpoint = if is_group(document) { "Groups" } else { "Users" };
        format!("/{endpoint}/{}", self.id(name))
    }

    fn id(&self, name: &str) -> &str {
        self.0[name]["id"].as_str().unwrap_or_default()
    }

    /// Method, target and body of a step.
    pub fn request(&self, step: &Step) -> (&'static str, String, Value) {
        let member = |user: &String| json!({"value": self.id(user)});
        match step {
            Step::CreateUser(name) => {
                let body = json!({"schemas": [USER], "userName": name, "title": "new"});
                ("POST", "/Users".into(), body)
            }
            Step::CreateGroup { name, members } => {
                let members: Vec<Value> = members.iter().map(member).collect();
                let body = json!({"schemas": [GROUP], "displayName": name, "members": members});
                ("POST", "/Groups".into(), body)
            }
            Step::Retitle { user, title } => {
                let operation = json!({"op": "replace", "path": "title", "value": title});
                ("PATCH", self.target(user), patch(json!([operation])))
            }
            Step::Join { group, user } => {
                let operation = json!({"op": "add", "path": "members", "value": [member(user)]});
                ("PATCH", self.target(group), patch(json!([operation])))
            }
            Step::Delete(name) => ("DELETE", self.target(name), Value::Null),
        }
    }

    /// The state when a step has taken effect.
    pub fn after(&self, step: &Step) -> Self {
        let mut state = self.clone();
        match step {
            Step::CreateUser(name) => {
                let user = json!({
                    "schemas": [USER], "userName": name, "title": "new", "active": true,
                });
                state.create(name, "User", user);
            }
            Step::CreateGroup { name, members } => {
                let mut ids: Vec<&str> = members.iter().map(|user| self.id(user)).collect();
                ids.sort_unstable();
                let group = json!({"schemas": [GROUP], "displayName": name, "members": ids});
                state.create(name, "Group", group);
            }
            Step::Retitle { user, title } => {
                state.change(user, |document| document["title"] = title.as_str().into());
            }
            Step::Join { group, user } => state.change(group, |document| {
                let mut ids = [members(document), vec![self.id(user)]].concat();
                ids.sort_unstable();
                document["members"] = json!(ids);
            }),
            Step::Delete(name) => state.delete(name),
        }
        state.derive_groups();
        state
    }

    /// The state after a step that the server has acknowledged.
    ///
    /// # Errors
    /// If it acknowledged something else.
    pub fn acknowledged(&self, step: &Step, answer: &Answer, base: &str) -> anyhow::Result<Self> {
        let mut after = self.after(step);
        let (method, ..) = self.request(step);
        let body = answer.expect(match method {
            "POST" => 201,
            "DELETE" => 204,
            _ => 200,
        })?;
        if !body.is_null() {
            let document = plain(body, base)?;
            let name = name(&document)?.to_owned();
            let expected = after.0.insert(name, document.clone());
            let expected = expected.context("the answer is about another resource")?;
            ensure!(matches(&expected, &document), "{document}, where {expected} was due");
            after.derive_groups();
        }
        Ok(after)
    }

    /// The first difference of what was observed; `None` if this state explains it.
    pub fn difference(&self, observed: &Self) -> Option<String> {
        let expected = self.with_ids(observed);
        let missing = expected.0.keys().find(|name| !observed.0.contains_key(*name));
        if let Some(name) = missing {
            return Some(format!("{name} is lost: {}", expected.0[name]));
        }
        let mut found = observed.0.iter();
        found.find_map(|(name, found)| match expected.0.get(name) {
            None => Some(format!("{name} is there and should not be: {found}")),
            Some(expected) if matches(expected, found) => None,
            Some(expected) => Some(format!("{found}, where {expected} was due")),
        })
    }

    /// Returns this state with the observed ids of the resources whose creation this client has not
    /// seen.
    fn with_ids(&self, observed: &Self) -> Self {
        let mut state = self.clone();
        for (name, document) in &mut state.0 {
            match observed.0.get(name) {
                Some(found) if document["id"].is_null() => document["id"] = found["id"].clone(),
                _ => {}
            }
        }
        state.derive_groups();
        state
    }

    fn create(&mut self, name: &str, kind: &str, mut document: Value) {
        document["id"] = Value::Null;
        document["meta"] = json!({
            "resourceType": kind, "created": null, "lastModified": null, "version": "W/\"1\"",
        });
        self.0.insert(name.to_owned(), document);
    }

    fn change(&mut self, name: &str, change: impl FnOnce(&mut Value)) {
        let Some(document) = self.0.get_mut(name) else {
            return;
        };
        change(document);
        document["meta"]["lastModified"] = Value::Null;
        document["meta"]["version"] = format!("W/\"{}\"", version(document) + 1).into();
    }

    /// Removes the resource; every group that had it as a member changes too.
    fn delete(&mut self, name: &str) {
        let id = self.id(name).to_owned();
        self.0.remove(name);
        let groups: Vec<String> = self.names(true).into_iter().map(String::from).collect();
        for group in groups {
            if members(&self.0[&group]).contains(&id.as_str()) {
                self.change(&group, |document| {
                    let left: Vec<&str> = members(document);
                    let left = left.into_iter().filter(|member| *member != id);
                    document["members"] = left.collect::<Vec<_>>().into();
                });
            }
        }
    }

    /// Computes the groups of each user from the groups' members.
    fn derive_groups(&mut self) {
        let groups: Vec<Value> = self.0.values().filter(|d| is_group(d)).cloned().collect();
        for document in self.0.values_mut().filter(|document| !is_group(document)) {
            let id = document["id"].as_str().unwrap_or_default().to_owned();
            let of = groups.iter().filter(|group| members(group).contains(&id.as_str()));
            let mut of: Vec<&str> = of.filter_map(|group| group["id"].as_str()).collect();
            of.sort_unstable();
            document["groups"] = of.into();
        }
    }
}
