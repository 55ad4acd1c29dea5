//! Generated users and groups, with values that collide, fold, and are empty or long.

use proptest::prelude::*;
use scimlet::store::memory::Memory;
use scimlet_tests::client::text;
use scimlet_tests::tenant::Tenant;
use serde_json::{Map, Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The profile of all tenants here.
pub const PROFILE: &str = r#"{"extends":"default","attributes":{"invisible-characters":"allow"}}"#;

/// Users, and groups that have some of them as members.
#[derive(Clone, Debug)]
pub struct Population {
    pub users: Vec<Value>,
    pub groups: Vec<(Value, Vec<prop::sample::Index>)>,
}

pub fn population() -> impl Strategy<Value = Population> {
    let members = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    let users = prop::collection::vec(user(), 1..6);
    let groups = prop::collection::vec((group(), members), 0..3);
    (users, groups).prop_map(|(users, groups)| Population { users, groups })
}

/// Texts of which few are alike, some alike but for case or composition, and some are empty or
/// long.
pub fn word() -> impl Strategy<Value = String> {
    let fixed = [
        "",
        "A",
        "a",
        "ab",
        "b",
        "\u{e4}",
        "A\u{308}",
        "ss",
        "\u{df}",
        "a\"\\",
        "%_*",
        "\u{1f600}",
    ];
    prop_oneof![
        12 => prop::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        1 => Just("x".repeat(600)),
        1 => Just("\u{e4}".repeat(260)),
        2 => "[a-cA-C\u{e4} ]{0,3}",
    ]
}

/// An object of those members that are there.
fn object(members: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Value {
    let there = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(there.collect::<Map<_, _>>())
}

fn maybe(
    strategy: impl Strategy<Value = impl Into<Value>>,
) -> impl Strategy<Value = Option<Value>> {
    prop::option::of(strategy.prop_map(Into::into))
}

fn email() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["work", "home", "Work"]);
    (maybe(word()), maybe(kind))
        .prop_map(|(value, kind)| object([("value", value), ("type", kind)]))
}

fn emails() -> impl Strategy<Value = Value> {
    let primary = prop::option::of(any::<prop::sample::Index>());
    (prop::collection::vec(email(), 0..3), primary).prop_map(|(mut emails, primary)| {
        if let Some(primary) = primary.filter(|_| !emails.is_empty()) {
            let i = primary.index(emails.len());
            emails[i]["primary"] = true.into();
        }
        emails.into()
    })
}

/// A user; the name becomes a unique one when it is created.
pub fn user() -> impl Strategy<Value = Value> {
    let name = (maybe(word()), maybe(word()));
    let name =
        name.prop_map(|(family, given)| object([("familyName", family), ("givenName", given)]));
    let manager = maybe(word()).prop_map(|value| object([("value", value)]));
    let enterprise = (maybe(word()), maybe(manager))
        .prop_map(|(number, manager)| object([("employeeNumber", number), ("manager", manager)]));
    let texts = (maybe(word()), maybe(word()), maybe(word()));
    let active = maybe(any::<bool>());
    let login = word().prop_filter("too long to be unique", |login| login.len() < 500);
    (login, texts, active, maybe(name), maybe(emails()), maybe(enterprise)).prop_map(
        |(login, (display, external, title), active, name, emails, enterprise)| {
            object([
                ("schemas", Some(json!([USER, ENTERPRISE]))),
                ("userName", Some(login.into())),
                ("displayName", display),
                ("externalId", external),
                ("title", title),
                ("active", active),
                ("name", name),
                ("emails", emails),
                (ENTERPRISE, enterprise),
            ])
        },
    )
}

pub fn group() -> impl Strategy<Value = Value> {
    let name = word().prop_map(|name| format!("g{name}"));
    (name, maybe(word())).prop_map(|(name, external)| {
        object([
            ("schemas", Some(json!([GROUP]))),
            ("displayName", Some(name.into())),
            ("externalId", external),
        ])
    })
}

impl Population {
    /// A tenant with these users and groups, and their ids.
    pub fn settle(&self, database: &Memory) -> anyhow::Result<(Tenant, Vec<String>, Vec<String>)> {
        let tenant = Tenant::over(database, PROFILE)?;
        let mut users = Vec::new();
        for (i, user) in self.users.iter().enumerate() {
            let mut user = user.clone();
            user["userName"] = format!("{}{i}", text(&user, "userName")?).into();
            users.push(made(&tenant, "/Users", &user)?);
        }
        let mut groups = Vec::new();
        for (group, members) in &self.groups {
            let mut group = group.clone();
            let members = members.iter().map(|i| json!({"value": i.get(&users)}));
            group["members"] = members.collect();
            groups.push(made(&tenant, "/Groups", &group)?);
        }
        Ok((tenant, users, groups))
    }
}

fn made(tenant: &Tenant, target: &str, body: &Value) -> anyhow::Result<String> {
    let made = tenant.ask("POST", target, body)?.expect(201)?;
    Ok(text(&made, "id")?.to_owned())
}
