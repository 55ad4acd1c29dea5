//! The webhooks of the profile, and since when each is one: from that time on the embedder owes it
//! the events.

use serde_json::Value;

use super::{Problem, content, entries, put};
use crate::port::Ports;
use crate::profile::{self, Policy};
use crate::schema::Content;
use crate::store::{Entry, Key, Write};
use crate::webhook::Webhook;

/// The key of the entry with the times at which webhooks were added, by URL, in milliseconds since
/// 1970. 0 is the time of the commit that wrote the entry: no commit knows its time beforehand.
pub(super) fn key() -> Key {
    Key::new("$webhooks", "current")
}

/// Returns the webhooks of the tenant's profile, each with the time of the commit that added it.
///
/// # Errors
/// If the tenant is not configured.
pub fn webhooks(ports: &Ports<'_>) -> Result<Vec<(Webhook, u64)>, Problem> {
    let [profile, kept] = entries(ports, [profile::key(), key()])?;
    let profile = profile.ok_or(Problem::NotFound)?;
    let policy = Policy::from_document(&profile.body)?;
    let times = Times::of(kept.as_ref());
    let with_time = |webhook: &Webhook| {
        let since = times.get(&webhook.url);
        (webhook.clone(), since.unwrap_or(profile.created))
    };
    Ok(policy.webhooks.iter().map(with_time).collect())
}

/// Returns the write of the times for a new profile. Earlier versions kept no times: the webhooks
/// that such a profile, `old`, names are as old as the profile.
pub(super) fn write(policy: &Policy, old: Option<&Entry>, kept: Option<&Entry>) -> Write {
    let known = Times::of(kept);
    let earlier = old.filter(|_| kept.is_none()).and_then(|old| {
        let policy = Policy::from_document(&old.body).ok()?;
        Some((policy, old.created))
    });
    let mut times = Content::new();
    for Webhook { url, .. } in &policy.webhooks {
        let created = earlier.as_ref().and_then(|(policy, created)| {
            policy.webhooks.iter().any(|webhook| webhook.url == *url).then_some(*created)
        });
        let time = known.get(url).or(created);
        times.insert(url.clone(), time.unwrap_or(0).into());
    }
    put(key(), Value::Object(times).to_string(), kept.map(|entry| entry.version))
}

/// The times in an entry.
struct Times {
    by_url: Content,
    /// When the entry was written.
    written: u64,
}

impl Times {
    fn of(kept: Option<&Entry>) -> Self {
        let (body, written) = kept.map_or(("", 0), |kept| (kept.body.as_str(), kept.modified));
        Self { by_url: content(body), written }
    }

    fn get(&self, url: &str) -> Option<u64> {
        let time = self.by_url.get(url)?.as_u64()?;
        Some(if time == 0 { self.written } else { time })
    }
}
