//! Names of tenants, as URLs and credentials have them.

/// Whether this can be a tenant's name: 1 to 63 of `a`-`z`, `0`-`9` and `-`.
#[must_use]
pub fn is_tenant_name(name: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    (1..=63).contains(&name.len()) && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::is_tenant_name;

    #[test]
    fn names_are_short_and_plain() {
        for good in ["a", "acme", "acme-2", &"x".repeat(63)] {
            assert!(is_tenant_name(good), "{good}");
        }
        for bad in ["", "Acme", "a.b", "a/b", "ä", "a b", "%61", &"x".repeat(64)] {
            assert!(!is_tenant_name(bad), "{bad}");
        }
    }
}
