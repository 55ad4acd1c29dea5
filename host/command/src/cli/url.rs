//! URLs that are given and printed.

/// The URL of a server with default options.
pub(super) const DEFAULT: &str = "http://127.0.0.1:8080";

/// Returns a tenant's SCIM base URL.
pub(super) fn base(public_url: &str, tenant: &str) -> String {
    format!("{public_url}/{tenant}/scim/v2")
}

/// Returns the SCIM base URL that all tenants share; the credential identifies the tenant.
pub(super) fn shared(public_url: &str) -> String {
    format!("{public_url}/scim/v2")
}

/// Parses a public URL, and removes its final slash.
pub(super) fn parse_public(text: &str) -> Result<String, String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain =
        |character: char| character.is_ascii_graphic() && !"?#\"'<>\\".contains(character);
    match host {
        Some(host) if !host.trim_matches('/').is_empty() && host.chars().all(is_plain) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("give a URL such as https://scim.example.com, without ? and #".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_urls_lose_their_final_slash() {
        let parsed = parse_public("https://scim.example.com/").unwrap();
        assert_eq!(base(&parsed, "acme"), "https://scim.example.com/acme/scim/v2");
        assert_eq!(parse_public("http://[::1]:80/id").unwrap(), "http://[::1]:80/id");
    }

    #[test]
    fn other_things_are_refused() {
        for bad in
            ["", "scim.example.com", "ftp://a", "https://", "https:///", "http://a?b", "http://a b"]
        {
            assert!(parse_public(bad).is_err(), "{bad}");
        }
    }
}
