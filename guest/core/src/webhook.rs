//! The webhooks of a profile: receivers to which the embedder sends the events of the feed.
//! Signing, delivery and retries are the embedder's responsibility.

use base64ct::{Base64Unpadded, Encoding as _};

use crate::json;
use crate::limits;

/// A receiver of events, as defined in a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The URL that events are sent to: `https`, or `http` to this machine. It is unique among a
    /// profile's webhooks.
    pub url: String,
    /// The secret that signs deliveries: `whsec_` and a key in base64, as in Standard Webhooks.
    pub secret: String,
    /// Names of events or prefixes of names; empty for all events of the feed.
    pub events: Vec<String>,
    /// How long delivery of an event is retried before it is given up, in seconds.
    pub retry_seconds: u64,
}

json::decode_struct!(strict Webhook {
    url: "url",
    secret: "secret",
    events: "events" = Vec::new(),
    retry_seconds: "retry-seconds" = a_day(),
});

impl Webhook {
    /// Returns whether the secret is `whsec_` and a key of 24 to 64 bytes in base64
    /// (<https://www.standardwebhooks.com>, "Signature scheme") with enough distinct bytes to be
    /// random.
    #[must_use]
    pub fn has_strong_key(&self) -> bool {
        let encoded = self.secret.strip_prefix("whsec_");
        let key = encoded.and_then(base64);
        key.is_some_and(|key| {
            let distinct = (0..=u8::MAX).filter(|byte| key.contains(byte)).count();
            limits::WEBHOOK_KEY_BYTES.contains(&key.len())
                && distinct >= limits::WEBHOOK_KEY_DISTINCT_BYTES
        })
    }
}

fn a_day() -> u64 {
    24 * 60 * 60
}

/// Checks the webhooks of a profile: their URLs, secrets and event names.
///
/// # Errors
/// The path of the first invalid field, and why it is invalid.
pub fn check(webhooks: &[Webhook]) -> Result<(), (String, &'static str)> {
    for (index, webhook) in webhooks.iter().enumerate() {
        let wrong = |field: &str, what| Err((format!("webhooks[{index}].{field}"), what));
        if !may_receive(&webhook.url) {
            return wrong("url", "it must be an https URL, or an http one of this machine");
        }
        let mut before = webhooks.iter().take(index);
        if before.any(|other| other.url == webhook.url) {
            return wrong("url", "another webhook has this one");
        }
        if webhook.secret.is_empty() {
            return wrong("secret", "it must not be empty");
        }
        if webhook.events.iter().any(String::is_empty) {
            return wrong("events", "they must be names of events, or what these begin with");
        }
    }
    Ok(())
}

/// Events contain users' ids and changes: they must not be sent in the clear, unless they stay on
/// the machine. A user name and password before the host would end up in logs.
fn may_receive(url: &str) -> bool {
    let plain = |url: &str| url.bytes().all(|byte| byte.is_ascii_graphic());
    let Some((scheme, rest)) = url.split_once("://").filter(|_| plain(url)) else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host(authority);
    match scheme {
        _ if host.is_empty() || authority.contains('@') => false,
        "https" => true,
        "http" => is_loopback(host),
        _ => false,
    }
}

fn host(authority: &str) -> &str {
    match authority.split_once(']') {
        Some((address, _)) => address.trim_start_matches('['),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// Decodes padded base64 (RFC 4648 section 4).
fn base64(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    let is_padded = bare.len().next_multiple_of(4) == text.len();
    Base64Unpadded::decode_vec(bare).ok().filter(|_| is_padded)
}

#[cfg(test)]
mod tests {
    use base64ct::Base64;

    use super::*;

    fn webhook(url: &str, secret: &str, events: &[&str]) -> Webhook {
        Webhook {
            url: url.to_owned(),
            secret: secret.to_owned(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            retry_seconds: a_day(),
        }
    }

    #[test]
    fn mistakes_are_named() {
        let good = || webhook("https://a.example/x", "s", &[]);
        for (wrong, named) in [
            (webhook("http://a.example", "s", &[]), "webhooks[1].url"),
            (webhook("http://127.0.0.1@a.example", "s", &[]), "webhooks[1].url"),
            (webhook("http://127.0.0.1.a.example", "s", &[]), "webhooks[1].url"),
            (webhook("https://", "s", &[]), "webhooks[1].url"),
            (good(), "webhooks[1].url"),
            (webhook("https://b.example", "", &[]), "webhooks[1].secret"),
            (webhook("https://b.example", "s", &[""]), "webhooks[1].events"),
        ] {
            assert_eq!(check(&[good(), wrong]).unwrap_err().0, named);
        }
    }

    #[test]
    fn keys_are_long_and_may_be_random() {
        let random = |bytes: u8| (0..bytes).map(|n| n.wrapping_mul(37)).collect::<Vec<u8>>();
        let strong = |key: &[u8]| {
            let secret = format!("whsec_{}", Base64::encode_string(key));
            webhook("https://a.example", &secret, &[]).has_strong_key()
        };
        for bytes in [24, 32, 64] {
            assert!(strong(&random(bytes)), "{bytes}");
        }
        for bytes in [0, 23, 65] {
            assert!(!strong(&random(bytes)), "{bytes}");
        }
        for weak in [&[0; 32], b"passwordpasswordpasswordpassword"] {
            assert!(!strong(weak), "{weak:?}");
        }
        for secret in ["whsec_?", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_"] {
            assert!(!webhook("https://a.example", secret, &[]).has_strong_key());
        }
    }

    #[test]
    fn this_machine_may_be_reached_in_the_clear() {
        for url in ["http://localhost:80/x", "http://127.0.0.1", "http://[::1]:1/"] {
            assert!(may_receive(url), "{url}");
        }
    }
}
