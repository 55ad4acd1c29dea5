//! Simplifies predicates by resource type: `meta.resourceType` is the same for all resources of a
//! type, so a search of all types can skip those that a filter excludes (RFC 7644 section 3.4.2.1).

use serde_json::json;

use super::Predicate;

/// The attribute whose value is the type's name.
const TYPE_NAME: [&str; 2] = ["meta", "resourceType"];

impl Predicate {
    /// Returns the predicate with all comparisons of the type's name evaluated.
    #[must_use]
    pub fn of_type(self, name: &str) -> Self {
        let about_the_name = matches!(&self,
            Self::Compare(field, ..) | Self::Present(field) if field.steps == TYPE_NAME);
        match self {
            Self::All(parts) => joined(parts, name, true),
            Self::Any(parts) => joined(parts, name, false),
            Self::Not(inner) => {
                let inner = inner.of_type(name);
                match inner.constant() {
                    Some(holds) => constant(!holds),
                    None => Self::Not(Box::new(inner)),
                }
            }
            own if about_the_name => {
                let resource = json!({"meta": {"resourceType": name}});
                constant(resource.as_object().is_some_and(|it| own.holds(it)))
            }
            other => other,
        }
    }

    /// Returns whether the predicate always or never holds; `None` if that depends on the resource.
    #[must_use]
    pub fn constant(&self) -> Option<bool> {
        match self {
            Self::All(parts) if parts.is_empty() => Some(true),
            Self::Any(parts) if parts.is_empty() => Some(false),
            _ => None,
        }
    }
}

fn constant(holds: bool) -> Predicate {
    if holds { Predicate::All(Vec::new()) } else { Predicate::Any(Vec::new()) }
}

/// Simplifies parts joined by `and` (`all`) or by `or`: a constant part either decides the result
/// or is left out.
fn joined(parts: Vec<Predicate>, name: &str, all: bool) -> Predicate {
    let mut open = Vec::new();
    for part in parts {
        let part = part.of_type(name);
        match part.constant() {
            Some(holds) if holds != all => return constant(!all),
            Some(_) => {}
            None => open.push(part),
        }
    }
    match (open.len(), all) {
        (1, _) => open.remove(0),
        (_, true) => Predicate::All(open),
        (_, false) => Predicate::Any(open),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::bind_leniently;
    use crate::profile::Policy;

    fn of(kind: &str, filter: &str) -> Predicate {
        let policy = Policy::preset("default").unwrap();
        let resource_type = policy.registry.named(kind).unwrap();
        bind_leniently(&filter.parse().unwrap(), resource_type).unwrap().of_type(kind)
    }

    #[test]
    fn the_type_s_name_is_known() {
        let filter = concat!(
            r#"meta.resourceType eq "User" or "#,
            r#"(meta.resourceType ne "User" and not (meta.resourceType pr))"#,
        );
        assert_eq!(of("User", filter).constant(), Some(true));
        assert_eq!(of("Group", filter).constant(), Some(false));
    }

    #[test]
    fn what_a_type_does_not_have_has_no_value_there() {
        for (filter, in_users, in_groups) in [
            (r#"userName eq "a""#, None, Some(false)),
            (r#"userName ne "a""#, None, Some(true)),
            ("userName pr", None, Some(false)),
            ("not (userName pr)", None, Some(true)),
            ("userName eq null", None, Some(true)),
            (r#"emails[type eq "work"]"#, None, Some(false)),
            (r#"members pr and displayName eq "a""#, Some(false), None),
            (r#"nothing eq "a""#, Some(false), Some(false)),
        ] {
            assert_eq!(of("User", filter).constant(), in_users, "{filter}");
            assert_eq!(of("Group", filter).constant(), in_groups, "{filter}");
        }
    }
}
