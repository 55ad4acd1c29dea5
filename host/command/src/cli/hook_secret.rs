//! The secrets of a profile's webhooks: shown once, to whoever makes them, and never again. A
//! webhook that is set without one keeps the secret of its URL, or gets a new one, so that what is
//! shown may be changed and given back.

use anyhow::Context as _;
use data_encoding::BASE64;
use scimlet::escape;
use scimlet::plugin::Webhook;
use serde_json::{Map, Value, json};

/// Bytes of a new key: those of the digest of HMAC-SHA-256 (RFC 2104 section 3).
const KEY_BYTES: usize = 32;
/// What Standard Webhooks has before a key in base64.
const PREFIX: &str = "whsec_";

/// New secrets, by the URLs of their webhooks.
#[derive(Default)]
pub(super) struct Made(Vec<(String, String)>);

impl Made {
    /// For people: lines to go below others, or nothing.
    pub(super) fn text(&self) -> String {
        let line = |(url, secret): &(String, String)| {
            format!("\nsecret of {}  {secret}", escape::line(url))
        };
        let lines: String = self.0.iter().map(line).collect();
        match lines.is_empty() {
            true => lines,
            false => lines + "\nKeep the secret now: it will not be shown again.",
        }
    }

    /// For scripts: the member `secrets`, if there are any.
    pub(super) fn add_to(&self, json: &mut Value) {
        let secrets = self
            .0
            .iter()
            .cloned()
            .map(|(url, secret)| (url, secret.into()));
        let secrets: Map<String, Value> = secrets.collect();
        if !secrets.is_empty() {
            json["secrets"] = secrets.into();
        }
    }
}

/// The objects of the setting `webhooks`.
fn objects(webhooks: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let list = webhooks.as_array_mut().into_iter().flatten();
    list.filter_map(Value::as_object_mut)
}

/// Whether one of the setting `webhooks` has no secret.
pub(super) fn lacks(webhooks: &Value) -> bool {
    let mut list = webhooks.as_array().into_iter().flatten();
    list.any(|webhook| webhook.is_object() && webhook.get("secret").is_none())
}

/// Takes the secrets out of the setting `webhooks`.
pub(super) fn hide(webhooks: &mut Value) {
    for webhook in objects(webhooks) {
        webhook.remove("secret");
    }
}

/// Gives each of the setting `webhooks` that has no secret the one that its URL has, or a new one.
pub(super) fn fill(webhooks: &mut Value, kept: &[Webhook]) -> anyhow::Result<Made> {
    let mut made = Made::default();
    for webhook in objects(webhooks).filter(|webhook| !webhook.contains_key("secret")) {
        let url = webhook.get("url").and_then(Value::as_str).unwrap_or("");
        let secret = match kept.iter().find(|kept| kept.url == url) {
            Some(kept) => kept.secret.clone(),
            None => {
                let secret = new()?;
                made.0.push((url.to_owned(), secret.clone()));
                secret
            }
        };
        webhook.insert("secret".to_owned(), json!(secret));
    }
    Ok(made)
}

/// A new tenant's profile with secrets for those of its webhooks that have none.
pub(super) fn filled(profile: String) -> anyhow::Result<(String, Made)> {
    let mut document: Value = serde_json::from_str(&profile).unwrap_or_default();
    match document.get_mut("webhooks") {
        Some(webhooks) if lacks(webhooks) => {
            let made = fill(webhooks, &[])?;
            Ok((document.to_string(), made))
        }
        // As it was written: what is wrong with it is not to be lost on the way.
        _ => Ok((profile, Made::default())),
    }
}

fn new() -> anyhow::Result<String> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).context("no random numbers for a secret")?;
    Ok(format!("{PREFIX}{}", BASE64.encode(&key)))
}
