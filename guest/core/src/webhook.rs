//! The webhooks of a profile: where the embedder sends the events of the feed. What is signed and how, and what becomes of a
//! receiver that does not answer, is the embedder's affair.

use crate::json;

/// A receiver of events, as the profile has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where events are sent: `https`, or `http` to this machine. No two webhooks of a profile have one URL.
    pub url: String,
    /// What they are signed with.
    pub secret: String,
    /// The names of events, or what they begin with; empty for all of the feed.
    pub events: Vec<String>,
    /// How long an event is tried before it is given up, in seconds.
    pub retry_seconds: u64,
}

json::object!(strict Webhook {
    url: "url",
    secret: "secret",
    events: "events" = Vec::new(),
    retry_seconds: "retry-seconds" = a_day(),
});

fn a_day() -> u64 {
    24 * 60 * 60
}

/// What no field of a webhook shows by itself; an error is the path of the field and what is wrong with it.
pub fn check(webhooks: &[Webhook]) -> Result<(), (String, &'static str)> {
    for (index, webhook) in webhooks.iter().enumerate() {
        let wrong = |field: &str, what| Err((format!("webhooks[{index}].{field}"), what));
        if !may_receive(&webhook.url) {
            return wrong(
                "url",
                "it must be an https URL, or an http one of this machine",
            );
        }
        let mut before = webhooks.iter().take(index);
        if before.any(|other| other.url == webhook.url) {
            return wrong("url", "another webhook has this one");
        }
        if webhook.secret.is_empty() {
            return wrong("secret", "it must not be empty");
        }
        if webhook.events.iter().any(String::is_empty) {
            return wrong(
                "events",
                "they must be names of events, or what these begin with",
            );
        }
    }
    Ok(())
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
            (
                webhook("http://127.0.0.1@a.example", "s", &[]),
                "webhooks[1].url",
            ),
            (
                webhook("http://127.0.0.1.a.example", "s", &[]),
                "webhooks[1].url",
            ),
            (webhook("https://", "s", &[]), "webhooks[1].url"),
            (good(), "webhooks[1].url"),
            (webhook("https://b.example", "", &[]), "webhooks[1].secret"),
            (
                webhook("https://b.example", "s", &[""]),
                "webhooks[1].events",
            ),
        ] {
            assert_eq!(check(&[good(), wrong]).unwrap_err().0, named);
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
