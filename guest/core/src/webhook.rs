//! The webhooks of a profile: where the embedder sends the events of the feed. What is signed and how, and what becomes of a
//! receiver that does not answer, is the embedder's affair.

use serde::Deserialize;
use serde_json::Value;

/// A receiver of events, as the profile has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Webhook {
    /// Where events are sent: `https`, or `http` to this machine. No two webhooks of a profile have one URL.
    pub url: String,
    /// What they are signed with.
    pub secret: String,
    /// The names of events, or what they begin with; empty for all of the feed.
    #[serde(default)]
    pub events: Vec<String>,
    /// How long an event is tried before it is given up, in seconds.
    #[serde(default = "a_day")]
    pub retry_seconds: u64,
}

fn a_day() -> u64 {
    24 * 60 * 60
}

/// Reads the section; an error names the member that is wrong.
pub fn read(section: Vec<Value>) -> Result<Vec<Webhook>, String> {
    let mut webhooks: Vec<Webhook> = Vec::new();
    for (index, value) in section.into_iter().enumerate() {
        let wrong = |member: &str, what: &str| Err(format!("`webhooks[{index}]{member}`: {what}"));
        let webhook: Webhook = match serde_json::from_value(value) {
            Ok(webhook) => webhook,
            Err(error) => return wrong("", &error.to_string()),
        };
        if !may_receive(&webhook.url) {
            return wrong(
                ".url",
                "must be an https URL, or an http one of this machine",
            );
        }
        if webhooks.iter().any(|other| other.url == webhook.url) {
            return wrong(".url", "another webhook has this one");
        }
        if webhook.secret.is_empty() {
            return wrong(".secret", "must not be empty");
        }
        if webhook.events.iter().any(String::is_empty) {
            return wrong(
                ".events",
                "must hold names of events, or what they begin with",
            );
        }
        webhooks.push(webhook);
    }
    Ok(webhooks)
}

/// Persons' ids and what happened to them go there: not in the clear, unless they stay on the machine. A name and password in
/// front of the host would end in logs.
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn mistakes_are_named() {
        let good = json!({"url": "https://a.example/x", "secret": "s"});
        for (wrong, named) in [
            (
                json!({"url": "http://a.example", "secret": "s"}),
                "`webhooks[1].url`",
            ),
            (
                json!({"url": "http://127.0.0.1@a.example", "secret": "s"}),
                "`webhooks[1].url`",
            ),
            (
                json!({"url": "http://127.0.0.1.a.example", "secret": "s"}),
                "`webhooks[1].url`",
            ),
            (
                json!({"url": "https://", "secret": "s"}),
                "`webhooks[1].url`",
            ),
            (good.clone(), "`webhooks[1].url`: another"),
            (
                json!({"url": "https://b.example", "secret": ""}),
                "`webhooks[1].secret`",
            ),
            (
                json!({"url": "https://b.example"}),
                "`webhooks[1]`: missing field `secret`",
            ),
            (
                json!({"url": "https://b.example", "secret": "s", "event": []}),
                "`event`",
            ),
            (
                json!({"url": "https://b.example", "secret": "s", "events": [""]}),
                ".events`",
            ),
        ] {
            let error = read(vec![good.clone(), wrong]).unwrap_err();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn this_machine_may_be_reached_in_the_clear() {
        for url in [
            "http://localhost:80/x",
            "http://127.0.0.1",
            "http://[::1]:1/",
        ] {
            assert!(may_receive(url), "{url}");
        }
    }
}
