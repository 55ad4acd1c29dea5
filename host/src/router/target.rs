//! The tenant and SCIM base of a URL path.

use crate::store::is_tenant_name;

/// A path split at the end of its base. Both parts stay percent-encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// `None` on the shared bases, where the credential identifies the tenant.
    pub(super) tenant: Option<&'a str>,
    /// For example `/acme/scim/v2`.
    pub(super) base: &'a str,
    /// For example `/Users/2819c223`; empty if the path is the base itself.
    pub(super) path: &'a str,
}

impl<'a> Target<'a> {
    /// Splits a path; `None` if it has no SCIM base. The longest base wins.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        Self::of_tenant(path).or_else(|| Self::shared(path))
    }

    fn of_tenant(path: &'a str) -> Option<Self> {
        let (tenant, _) = path.strip_prefix('/')?.split_once('/')?;
        let start = 1 + tenant.len();
        let base = start + base_length(&path[start..])?;
        is_tenant_name(tenant).then(|| Self::split(path, base, Some(tenant)))
    }

    fn shared(path: &'a str) -> Option<Self> {
        Some(Self::split(path, base_length(path)?, None))
    }

    fn split(path: &'a str, at: usize, tenant: Option<&'a str>) -> Self {
        let (base, path) = path.split_at(at);
        Self { tenant, base, path }
    }
}

/// Returns the tenant of a feed's path, such as `/acme/events`; `None` for other paths.
pub(super) fn feed(path: &str) -> Option<&str> {
    let tenant = path.strip_prefix('/')?.strip_suffix("/events")?;
    is_tenant_name(tenant).then_some(tenant)
}

/// Returns the length of `/scim/v2` or `/scim` at the start, if it ends at the end of a segment.
fn base_length(path: &str) -> Option<usize> {
    let is_base = |base: &&str| {
        let rest = path.strip_prefix(*base);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    ["/scim/v2", "/scim"].iter().find(|base| is_base(base)).map(|base| base.len())
}

#[cfg(test)]
mod tests {
    use super::Target;

    fn split(path: &str) -> Option<(Option<&str>, &str, &str)> {
        Target::of(path).map(|target| (target.tenant, target.base, target.path))
    }

    #[test]
    fn the_longest_base_wins() {
        let acme = Some("acme");
        for (path, expected) in [
            ("/acme/scim/v2/Users", (acme, "/acme/scim/v2", "/Users")),
            ("/acme/scim/Users", (acme, "/acme/scim", "/Users")),
            ("/acme/scim/v2", (acme, "/acme/scim/v2", "")),
            ("/acme/scim/v2/", (acme, "/acme/scim/v2", "/")),
            ("/acme/scim", (acme, "/acme/scim", "")),
            ("/acme/scim/v2x", (acme, "/acme/scim", "/v2x")),
            ("/acme/scim/v2/Users/a%2Fb", (acme, "/acme/scim/v2", "/Users/a%2Fb")),
            ("/scim/v2/Users", (None, "/scim/v2", "/Users")),
            ("/scim/Users", (None, "/scim", "/Users")),
            ("/scim/v2", (None, "/scim/v2", "")),
            ("/scim/scim/v2/Users", (Some("scim"), "/scim/scim/v2", "/Users")),
            ("/v2/scim/Users", (Some("v2"), "/v2/scim", "/Users")),
        ] {
            assert_eq!(split(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn other_paths_have_no_base() {
        for path in [
            "/",
            "",
            "*",
            "/favicon.ico",
            "/acme",
            "/acme/",
            "/acme/scimx",
            "/acme//scim/v2",
            "//scim",
            "/Acme/scim/v2",
            "/a%63me/scim/v2",
            "/scimx/Users",
            "/acme/SCIM/v2",
        ] {
            assert_eq!(split(path), None, "{path}");
        }
    }
}
