//! A tenant in which every row can happen: users, one more than may be scanned, a group, a cursor
//! that is too old.

use anyhow::Context;
use scimlet::store::memory::Memory;
use scimlet::store::{Draft, Key, Write};
use scimlet_tests::client::text;
use scimlet_tests::exchange::{Answer, Call};
use scimlet_tests::tenant::Tenant;
use serde_json::{Value, json};

use super::rows::Row;

/// A profile whose devices have an immutable number. It has no quirks.
const PROFILE: &str = r#"{
  "extends": "strict",
  "schemas": [{
    "id": "urn:example:Device", "name": "Device",
    "attributes": [{"name": "number", "mutability": "immutable"}]
  }],
  "resourceTypes": [
    {"name": "User", "endpoint": "/Users", "schema": "urn:ietf:params:scim:schemas:core:2.0:User"},
    {"name": "Device", "endpoint": "/Devices", "schema": "urn:example:Device"}
  ]
}"#;

/// The schemas of a user, a PATCH, a search, an error and a bulk request.
pub const SCHEMAS: [&str; 5] = [
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:api:messages:2.0:PatchOp",
    "urn:ietf:params:scim:api:messages:2.0:SearchRequest",
    "urn:ietf:params:scim:api:messages:2.0:Error",
    "urn:ietf:params:scim:api:messages:2.0:BulkRequest",
];

/// The number of users that is more than a query may read.
const CROWD: usize = 20_001;

/// Seconds that a cursor is good for.
const CURSOR_SECONDS: usize = 600;

/// The tenant, and what stands for the placeholders of rows.
pub struct Prepared {
    tenant: Tenant,
    placeholders: Vec<(&'static str, String)>,
}

impl Prepared {
    pub fn new() -> anyhow::Result<Self> {
        let tenant = Tenant::over(&Memory::exact(), PROFILE)?;
        let made = |target: &str, body: Value| -> anyhow::Result<String> {
            let made = tenant.ask("POST", target, &body)?.expect(201)?;
            Ok(text(&made, "id")?.to_owned())
        };
        let user = |name: &str| json!({"schemas": [SCHEMAS[0]], "userName": name});
        let ada = made("/Users", user("ada"))?;
        made("/Users", user("bert"))?;
        let device = json!({"schemas": ["urn:example:Device"], "number": "1"});
        let device = made("/Devices", device)?;
        let expired = cursor(&tenant)?;
        // Each look at the clock is a second later.
        for _ in 0..CURSOR_SECONDS {
            cursor(&tenant)?;
        }
        commit(&tenant, vec![insert("Device", "broken", "no JSON")])?;
        let [user, patch, search, _, bulk] =
            SCHEMAS.map(|schema| format!(r#""schemas": ["{schema}"]"#));
        let placeholders = vec![
            ("${ada}", ada),
            ("${device}", device),
            ("${expired}", expired),
            ("${User}", user),
            ("${Patch}", patch),
            ("${Search}", search),
            ("${Bulk}", bulk),
            ("${large}", "x".repeat(1 << 20)),
        ];
        Ok(Self { tenant, placeholders })
    }

    /// Makes users without index terms, so that each query has to look at them all.
    pub fn crowd(&self) -> anyhow::Result<()> {
        let users =
            (0..CROWD).map(|number| insert("User", &format!("u{number}"), r#"{"title": "x"}"#));
        let users: Vec<Write> = users.collect();
        let mut chunks = users.chunks(10_000);
        chunks.try_for_each(|users| commit(&self.tenant, users.to_vec()))
    }

    /// Sends a row's request.
    pub fn ask(&self, row: &Row) -> anyhow::Result<Answer> {
        let fill = |text: &str| {
            let mut filled = text.to_owned();
            for (name, value) in &self.placeholders {
                filled = filled.replace(name, value);
            }
            filled
        };
        let (method, target) = row.request.split_once(' ').context("no request")?;
        let mut headers: Vec<(String, String)> = Vec::new();
        if let Some((name, value)) = row.header.split_once(": ") {
            headers.push((name.to_owned(), value.to_owned()));
        }
        if !row.header.starts_with("Authorization") {
            let secret = format!("Bearer {}", self.tenant.secret());
            headers.push(("Authorization".to_owned(), secret));
        }
        self.tenant.send(Call {
            method: method.to_owned(),
            target: fill(target),
            headers,
            body: fill(row.body),
        })
    }
}

fn cursor(tenant: &Tenant) -> anyhow::Result<String> {
    let page = tenant.get("/Users?cursor=&count=1")?.expect(200)?;
    Ok(text(&page, "nextCursor")?.to_owned())
}

/// An entry without index terms.
pub fn insert(kind: &str, id: &str, body: &str) -> Write {
    Write::Insert(Draft {
        key: Key { kind: kind.to_owned(), id: id.to_owned() },
        body: body.to_owned(),
        terms: Vec::new(),
    })
}

/// Writes past the service.
pub fn commit(tenant: &Tenant, writes: Vec<Write>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let commit = tenant.store().commit(1, "test".to_owned(), writes);
    runtime.block_on(commit).map(drop).ok().context("refused")
}
