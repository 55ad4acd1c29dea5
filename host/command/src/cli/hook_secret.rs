//! The secrets of a profile's webhooks, which are shown only when they are created. A webhook that
//! is configured without a secret keeps the secret of its URL, or gets a new one, so that a
//! displayed profile may be changed and set again.

use anyhow::Context as _;
use data_encoding::BASE64;
use scimlet::escape;
use scimlet::plugin::Webhook;
use serde_json::{Map, Value, json};

/// Bytes of a new key: as many as the digest of HMAC-SHA-256 has (RFC 2104 section 3).
const KEY_BYTES: usize = 32;
/// The prefix of a base64 key in Standard Webhooks.
const PREFIX: &str = "whsec_";

/// New secrets with the URLs of their webhooks.
#[derive(Default)]
pub(super) struct Made(Vec<(String, String)>);

impl Made {
    /// Returns text for people: lines to append to other output, or nothing.
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

    /// Adds the member `secrets` for scripts, if there are any.
    pub(super) fn add_to(&self, json: &mut Value) {
        let secrets = self.0.iter().cloned().map(|(url, secret)| (url, secret.into()));
        let secrets: Map<String, Value> = secrets.collect();
        if !secrets.is_empty() {
            json["secrets"] = secrets.into();
        }
    }
}

/// Iterates over the objects in the setting `webhooks`.
fn objects(webhooks: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let list = webhooks.as_array_mut().into_iter().flatten();
    list.filter_map(Value::as_object_mut)
}

/// Returns whether a webhook in the setting `webhooks` has no secret.
pub(super) fn lacks(webhooks: &Value) -> bool {
    let mut list = webhooks.as_array().into_iter().flatten();
    list.any(|webhook| webhook.is_object() && webhook.get("secret").is_none())
}

/// Removes the secrets from the setting `webhooks`.
pub(super) fn hide(webhooks: &mut Value) {
    for webhook in objects(webhooks) {
        webhook.remove("secret");
    }
}

/// Gives each webhook without a secret the existing secret of its URL, or a new one. Returns the
/// new ones.
pub(super) fn fill(webhooks: &mut Value, existing: &[Webhook]) -> anyhow::Result<Made> {
    let mut made = Made::default();
    for webhook in objects(webhooks).filter(|webhook| !webhook.contains_key("secret")) {
        let url = webhook.get("url").and_then(Value::as_str).unwrap_or("");
        let secret = match existing.iter().find(|existing| existing.url == url) {
            Some(existing) => existing.secret.clone(),
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

/// Returns a new tenant's profile in which webhooks without a secret have a new one, and these
/// secrets.
pub(super) fn filled(profile: String) -> anyhow::Result<(String, Made)> {
    let mut document: Value = serde_json::from_str(&profile).unwrap_or_default();
    match document.get_mut("webhooks") {
        Some(webhooks) if lacks(webhooks) => {
            let made = fill(webhooks, &[])?;
            Ok((document.to_string(), made))
        }
        // Unchanged, so that errors in it are reported as written.
        _ => Ok((profile, Made::default())),
    }
}

fn new() -> anyhow::Result<String> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).context("no random numbers for a secret")?;
    Ok(format!("{PREFIX}{}", BASE64.encode(&key)))
}
