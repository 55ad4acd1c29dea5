//! Which attributes a response contains: RFC 7644 section 3.9, RFC 7643 section 7 (`returned`).

use serde_json::Value;

use crate::filter::AttrPath;
use crate::name::AttributeName;
use crate::resource_type::ResourceType;
use crate::schema::{Attribute, Content, Returned, Schema};
use crate::urn;

/// The `attributes` and `excludedAttributes` of a request. Names that no schema defines select
/// nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    /// The requested attributes, in addition to `returned: always`; `None` for those returned by
    /// default.
    pub attributes: Option<Vec<AttrPath>>,
    /// The excluded attributes; `returned: always` takes precedence.
    pub excluded: Vec<AttrPath>,
    /// The most values of a relation, if fewer than a response may have.
    pub links: Option<usize>,
    /// The names in the request that are not attribute paths.
    pub malformed: Vec<String>,
}

/// How a list of paths selects an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Selection {
    /// The whole attribute.
    Whole,
    /// Some of its sub-attributes.
    Parts,
    No,
}

impl Projection {
    /// Parses the paths of a request. Text that is not an attribute path selects nothing.
    #[must_use]
    pub fn new(attributes: Option<Vec<String>>, excluded: Vec<String>) -> Self {
        let mut malformed = Vec::new();
        let mut paths = |texts: Vec<String>| {
            let mut paths = Vec::with_capacity(texts.len());
            for text in texts {
                match text.trim().parse() {
                    Ok(path) => paths.push(path),
                    Err(_) => malformed.push(text),
                }
            }
            paths
        };
        let (attributes, excluded) = (attributes.map(&mut paths), paths(excluded));
        Self { attributes, excluded, links: None, malformed }
    }

    /// Returns the first name in the request that none of the types has, as it was written; `None`
    /// if all are known.
    #[must_use]
    pub fn unknown(&self, types: &[ResourceType]) -> Option<String> {
        let is_known = |path: &AttrPath| {
            types.iter().any(|resource_type| {
                let whole = path.to_string();
                resource_type.place(path).is_some()
                    || resource_type.schemas().any(|s| urn::same(&s.id, &whole))
            })
        };
        let named = self.attributes.iter().flatten().chain(&self.excluded);
        let mut unknown = named.filter(|path| !is_known(path)).map(ToString::to_string);
        self.malformed.first().cloned().or_else(|| unknown.next())
    }

    /// Returns whether responses contain this attribute of the main schema; if not, it need not be
    /// computed.
    #[must_use]
    pub fn wants(&self, resource_type: &ResourceType, name: &AttributeName) -> bool {
        let Some(attribute) = resource_type.attribute(name.as_str()) else {
            return false;
        };
        self.keeps(resource_type.core(), attribute) != Selection::No
    }

    /// Returns whether responses contain this sub-attribute of an attribute of the main schema.
    #[must_use]
    pub fn wants_sub(&self, resource_type: &ResourceType, name: &AttributeName, sub: &str) -> bool {
        let Some(attribute) = resource_type.attribute(name.as_str()) else {
            return false;
        };
        let named = self.keeps(resource_type.core(), attribute);
        named != Selection::No
            && attribute
                .sub(sub)
                .is_some_and(|sub| self.keeps_sub(resource_type.core(), attribute, sub, named))
    }

    /// Removes from a resource what the response must not contain: what was not requested, and
    /// values whose attribute the resource type no longer has.
    pub fn apply(&self, resource_type: &ResourceType, shown: &mut Content) {
        let core = resource_type.core();
        shown.retain(|name, value| {
            if let Some(attribute) = resource_type.attribute(name) {
                return self.prune(core, attribute, value);
            }
            let (Some(extension), Value::Object(values)) = (resource_type.extension(name), value)
            else {
                return false;
            };
            values.retain(|name, value| {
                let attribute = extension.attribute(name);
                attribute.is_some_and(|attribute| self.prune(extension, attribute, value))
            });
            !values.is_empty()
        });
    }

    /// Removes sub-attributes from a value; returns whether the response contains the value.
    fn prune(&self, schema: &Schema, attribute: &Attribute, value: &mut Value) -> bool {
        let named = self.keeps(schema, attribute);
        if named == Selection::No || !attribute.is_complex() {
            return named != Selection::No;
        }
        for element in objects_mut(value) {
            element.retain(|key, _| {
                let sub = attribute.sub(key);
                sub.is_some_and(|sub| self.keeps_sub(schema, attribute, sub, named))
            });
        }
        true
    }

    /// Returns how the response includes an attribute.
    fn keeps(&self, schema: &Schema, attribute: &Attribute) -> Selection {
        let named = |paths: &[AttrPath]| named(paths, schema, attribute);
        if attribute.is_hidden() {
            return Selection::No;
        }
        if attribute.returned == Returned::Always {
            return Selection::Whole;
        }
        if named(&self.excluded) == Selection::Whole {
            return Selection::No;
        }
        match &self.attributes {
            Some(paths) => named(paths),
            None if attribute.returned == Returned::Request => Selection::No,
            None => Selection::Whole,
        }
    }

    fn keeps_sub(
        &self,
        schema: &Schema,
        attribute: &Attribute,
        sub: &Attribute,
        named: Selection,
    ) -> bool {
        let listed = |paths: &[AttrPath]| {
            let is_it = |path: &&AttrPath| {
                names(path, schema, attribute) && path.sub.as_ref() == Some(&sub.name)
            };
            paths.iter().any(|path| is_it(&path))
        };
        if sub.is_hidden() || sub.returned == Returned::Always {
            return !sub.is_hidden();
        }
        let wanted = self.attributes.as_deref().is_some_and(listed);
        let by_default = named == Selection::Whole && sub.returned == Returned::Default;
        (wanted || by_default) && !listed(&self.excluded)
    }
}

fn named(paths: &[AttrPath], schema: &Schema, attribute: &Attribute) -> Selection {
    let whole_schema = |path: &&AttrPath| urn::same(&path.to_string(), &schema.id);
    let mut found = Selection::No;
    for path in paths {
        if whole_schema(&path) || (names(path, schema, attribute) && path.sub.is_none()) {
            return Selection::Whole;
        }
        if names(path, schema, attribute) {
            found = Selection::Parts;
        }
    }
    found
}

/// Returns whether a path names this attribute or a sub-attribute of it. Without a URI it names one
/// of the main schema; for attributes of an extension, `keeps` asks with the extension.
fn names(path: &AttrPath, schema: &Schema, attribute: &Attribute) -> bool {
    let in_schema = path.uri.as_ref().is_none_or(|uri| urn::same(uri, &schema.id));
    in_schema && path.name == attribute.name
}

fn objects_mut(value: &mut Value) -> Vec<&mut Content> {
    match value {
        Value::Object(object) => vec![object],
        Value::Array(values) => values.iter_mut().filter_map(Value::as_object_mut).collect(),
        _ => Vec::new(),
    }
}
