//! Many users, quickly: one is created as any client would, and what that has written is written
//! again under other names, many in one commit. The store cannot tell them from users that came one
//! by one.

use std::sync::Arc;

use anyhow::{Context, ensure};
use scimlet::store::{Draft, Key, Link, Scalar, Store, Write};
use scimlet_bench::{Dice, Known};
use serde_json::{Value, json};
use uuid::Builder;

use super::{Meter, Site};
use crate::exchange::Http;

/// Users, each with an event, or links in one commit: almost as many as a store has to take.
const TOGETHER: usize = 9_000;

/// A tenant of a site, to be filled.
pub struct Filling<'a> {
    /// The tenant over HTTP.
    pub site: &'a Site,
    /// Its storage.
    pub store: Arc<dyn Store>,
    /// Records the commits of the site.
    pub meter: &'a Meter,
}

impl Filling<'_> {
    /// Fills the tenant with so many users, and makes as many groups as asked that have half of
    /// them as members.
    ///
    /// # Errors
    /// If the store refuses anything.
    pub async fn run(&self, users: usize, groups: u32) -> anyhow::Result<Known> {
        let http = Http::new(&self.site.url, &self.site.secret)?;
        let created = http.ask("POST", "/Users", &first()).await?;
        ensure!(created.status == 201, "{created:?}");
        let template = Template::of(self.meter.last())?;
        let mut known = Known {
            users: vec![(template.id.clone(), FIRST.to_owned())],
            members: users / 2,
            ..Known::default()
        };
        let mut dice = Dice::seeded(users as u64);
        while known.users.len() < users {
            let from = known.users.len();
            let batch = from..users.min(from + TOGETHER);
            let batch = batch.map(|number| (id(number, &mut dice), name(number)));
            known.users.extend(batch);
            self.commit(template.stamp(&known.users[from..])).await?;
        }
        for number in 0..groups {
            known.groups.push(self.group(&http, number, &known).await?);
        }
        Ok(known)
    }

    async fn group(&self, http: &Http, number: u32, known: &Known) -> anyhow::Result<String> {
        let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": format!("Half of all, {number}")});
        let created = http.ask("POST", "/Groups", &group).await?;
        let created: Value = serde_json::from_str(&created.body)?;
        let id = created["id"].as_str().context("no group")?.to_owned();
        let key = |kind: &str, id: &str| Key { kind: kind.to_owned(), id: id.to_owned() };
        let link = |(user, _): &(String, String)| Link {
            source: key("Group", &id),
            name: "members".to_owned(),
            target: key("User", user),
        };
        for members in known.users[..known.members].chunks(TOGETHER) {
            let links = members.iter().map(link).collect();
            self.commit(vec![Write::Link(links)]).await?;
        }
        Ok(id)
    }

    async fn commit(&self, writes: Vec<Write>) -> anyhow::Result<()> {
        let done = self.store.commit(START, "bench".to_owned(), writes).await;
        done.map_err(|rejection| anyhow::anyhow!("{rejection:?}"))?;
        Ok(())
    }
}

/// When the users came, in milliseconds since 1970.
const START: u64 = 1_700_000_000_000;

/// The userName of the user that the others are like.
const FIRST: &str = "ufirst@example.com";

fn first() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": FIRST,
        "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": true, "value": FIRST, "type": "work"}],
        "displayName": FIRST,
        "externalId": FIRST,
        "active": true,
    })
}

/// Returns the userName of the user of this number. Names are not in the order of creation.
fn name(number: usize) -> String {
    let scattered = (number as u32).wrapping_mul(0x9e37_79b1);
    format!("u{scattered:08x}@example.com")
}

/// Returns an id as core makes them, with a time of one user a second.
fn id(number: usize, dice: &mut Dice) -> String {
    let random = [(); 10].map(|()| u8::try_from(dice.below(256)).unwrap_or_default());
    let at = START + number as u64 * 1000;
    let id = Builder::from_unix_timestamp_millis(at, &random);
    id.into_uuid().to_string()
}

/// The writes of one user's creation.
struct Template {
    id: String,
    draft: Draft,
    /// Its events.
    events: Vec<Write>,
    /// The adjustments of the counters of users.
    counts: Vec<Write>,
}

impl Template {
    fn of(writes: Vec<Write>) -> anyhow::Result<Self> {
        let (mut draft, mut events, mut counts) = (None, Vec::new(), Vec::new());
        for write in writes {
            match write {
                Write::Insert(inserted) => draft = Some(inserted),
                Write::Append(_) => events.push(write),
                Write::Adjust(_) => counts.push(write),
                Write::Expect(_) => {}
                other => anyhow::bail!("a creation is not expected to write {other:?}"),
            }
        }
        let draft = draft.context("nothing was inserted")?;
        Ok(Self { id: draft.key.id.clone(), draft, events, counts })
    }

    /// Returns the writes that create these users, given by id and userName, as the template's user
    /// was created.
    fn stamp(&self, users: &[(String, String)]) -> Vec<Write> {
        let mut writes = Vec::with_capacity(users.len() * 2 + 1);
        for (id, name) in users {
            let other = |text: &str| text.replace(&self.id, id).replace(FIRST, name);
            let mut draft = self.draft.clone();
            draft.key.id.clone_from(id);
            draft.body = other(&draft.body);
            for term in &mut draft.terms {
                if let Scalar::Text(text) = &mut term.value {
                    *text = other(text);
                }
            }
            writes.push(Write::Insert(draft));
            writes.extend(self.events.iter().map(|event| event_of(event, other)));
        }
        for count in &self.counts {
            let mut count = count.clone();
            if let Write::Adjust(adjustment) = &mut count {
                adjustment.by *= users.len() as i64;
            }
            writes.push(count);
        }
        writes
    }
}

fn event_of(event: &Write, other: impl Fn(&str) -> String) -> Write {
    let mut event = event.clone();
    if let Write::Append(event) = &mut event {
        event.body = other(&event.body);
        if let Some(subject) = &mut event.subject {
            subject.id = other(&subject.id);
        }
    }
    event
}
