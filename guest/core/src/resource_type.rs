//! Resource types (RFC 7643 section 6), with additional information: which attributes are relations
//! to other resources, which are indexed, and which is the display name.

use std::sync::Arc;

use serde::Serialize;

use crate::filter::AttrPath;
use crate::json;
use crate::name::AttributeName;
use crate::schema::{Attribute, Schema};
use crate::urn;

/// A resource type as a profile defines it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// The name, which is also the kind of its entries in the store.
    pub name: String,
    /// The path below the base URL, such as `/Users`.
    pub endpoint: String,
    /// A description for users.
    pub description: String,
    /// The URI of the main schema.
    pub schema: String,
    /// The schema extensions.
    pub schema_extensions: Vec<Extension>,
    /// The attributes whose values are stored as links to other resources.
    pub relations: Vec<Relation>,
    /// The attributes that show relations from the other end.
    pub mirrors: Vec<Mirror>,
    /// The paths that are indexed, in addition to those of unique values. Each value costs a row at
    /// every write.
    pub index: Vec<String>,
    /// The attributes that serve as a display name; the first one with a value is used.
    pub display: Vec<AttributeName>,
}

json::decode_struct!(strict Definition {
    name: "name",
    endpoint: "endpoint",
    description: "description" = String::new(),
    schema: "schema",
    schema_extensions: "schemaExtensions" = Vec::new(),
    relations: "relations" = Vec::new(),
    mirrors: "mirrors" = Vec::new(),
    index: "index" = Vec::new(),
    display: "display" = Vec::new(),
});

/// RFC 7643 section 6, `schemaExtensions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Extension {
    /// The extension's URI.
    pub schema: String,
    /// Whether every resource must have it.
    pub required: bool,
}

json::decode_struct!(strict Extension {
    schema: "schema",
    required: "required" = false,
});

/// A multi-valued complex attribute stored as links: a group's `members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Relation {
    /// The attribute's name, which is also the links' name.
    pub attribute: AttributeName,
    /// The resource types that values may refer to.
    pub targets: Vec<String>,
    /// Whether resources may contain each other in a cycle; RFC 7644 section 3.7.1 shows one.
    pub cycles: Cycles,
    /// How a value is handled whose id no resource has.
    pub unknown: UnknownMember,
}

json::decode_struct!(strict Relation {
    attribute: "attribute",
    targets: "targets",
    cycles: "cycles" = Cycles::default(),
    unknown: "unknown" = UnknownMember::default(),
});

/// How a value that closes a cycle is handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Cycles {
    /// It is stored.
    #[default]
    Allow,
    /// The request is refused.
    Refuse,
}

json::decode_enum!(Cycles { Allow: "allow", Refuse: "refuse" });

/// How a value that refers to no resource is handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum UnknownMember {
    /// The request is refused.
    #[default]
    Refuse,
    /// The value is omitted, and the journal records that.
    Skip,
}

json::decode_enum!(UnknownMember { Refuse: "refuse", Skip: "skip" });

/// A readOnly attribute computed from incoming links: a user's `groups`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mirror {
    /// The attribute's name.
    pub attribute: AttributeName,
    /// The name of the relation at the other end.
    pub relation: AttributeName,
}

json::decode_struct!(strict Mirror {
    attribute: "attribute",
    relation: "relation",
});

/// A resource type with its schemas resolved.
#[derive(Clone, Debug)]
pub struct ResourceType {
    /// The definition from the profile.
    pub definition: Definition,
    core: Arc<Schema>,
    common: Arc<Schema>,
    extensions: Vec<(Arc<Schema>, bool)>,
    index: Vec<AttrPath>,
}

/// The part of a resource type that an attribute path refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributePlace<'a> {
    /// A whole extension.
    Extension(&'a Schema),
    /// An attribute or sub-attribute, of the main schema or an extension.
    Attribute {
        /// The extension that contains it; `None` for the main schema and the common attributes.
        extension: Option<&'a Schema>,
        /// The attribute.
        attribute: &'a Attribute,
        /// The sub-attribute, if the path names one.
        sub: Option<&'a Attribute>,
    },
}

impl AttributePlace<'_> {
    /// Returns whether no client may read the values, of the attribute or of the complex attribute
    /// that contains it.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        match self {
            Self::Extension(_) => false,
            Self::Attribute { attribute, sub, .. } => {
                attribute.is_hidden() || sub.is_some_and(Attribute::is_hidden)
            }
        }
    }
}

impl ResourceType {
    /// Resolves the URIs and paths of a definition.
    ///
    /// # Errors
    /// The name of what does not exist.
    pub fn resolve(
        definition: Definition,
        schemas: &[Arc<Schema>],
        common: &Arc<Schema>,
    ) -> Result<Self, String> {
        let find = |uri: &str| {
            let found = schemas.iter().find(|schema| urn::same(&schema.id, uri));
            found.cloned().ok_or_else(|| format!("there is no schema `{uri}`"))
        };
        let extensions = definition
            .schema_extensions
            .iter()
            .map(|extension| Ok((find(&extension.schema)?, extension.required)))
            .collect::<Result<_, String>>()?;
        let core = find(&definition.schema)?;
        let mut resolved =
            Self { core, common: common.clone(), extensions, index: Vec::new(), definition };
        resolved.index = resolved.index_paths()?;
        Ok(resolved)
    }

    /// Returns the paths of the profile's `index` and those of unique values, whose terms enforce
    /// uniqueness.
    fn index_paths(&self) -> Result<Vec<AttrPath>, String> {
        let resolve = |text: &String| {
            let path = text.parse::<AttrPath>().ok().filter(|path| self.place(path).is_some());
            path.ok_or_else(|| format!("`{text}` is no attribute to index"))
        };
        let indexed = self.definition.index.iter().map(resolve);
        let mut paths = indexed.collect::<Result<Vec<_>, _>>()?;
        for path in self.unique_paths() {
            let place = self.place(&path);
            if !paths.iter().any(|known| self.place(known) == place) {
                paths.push(path);
            }
        }
        Ok(paths)
    }

    fn unique_paths(&self) -> Vec<AttrPath> {
        let mut paths = Vec::new();
        let extensions = self.extensions.iter().map(|(schema, _)| (Some(&schema.id), schema));
        let main = [(None, &self.core), (None, &self.common)];
        for (uri, schema) in main.into_iter().chain(extensions) {
            for attribute in schema.attributes.iter().filter(|a| self.relation(&a.name).is_none()) {
                let parts =
                    attribute.sub_attributes.iter().map(Some).filter(|_| !attribute.is_hidden());
                for part in std::iter::once(None).chain(parts) {
                    let leaf = part.unwrap_or(attribute);
                    if leaf.is_unique() && !leaf.is_complex() {
                        paths.push(AttrPath {
                            uri: uri.cloned(),
                            name: attribute.name.clone(),
                            sub: part.map(|part| part.name.clone()),
                        });
                    }
                }
            }
        }
        paths
    }

    /// Returns the name, which is also the kind of its entries in the store.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// Returns the main schema.
    #[must_use]
    pub fn core(&self) -> &Schema {
        &self.core
    }

    /// Returns the schema of the attributes that every resource has.
    #[must_use]
    pub fn common(&self) -> &Schema {
        &self.common
    }

    /// Returns the extensions, each with whether it is required.
    pub fn extensions(&self) -> impl Iterator<Item = (&Schema, bool)> {
        self.extensions.iter().map(|(schema, required)| (&**schema, *required))
    }

    /// Returns the extension of this URI, compared without case.
    #[must_use]
    pub fn extension(&self, uri: &str) -> Option<&Schema> {
        self.extensions().map(|(schema, _)| schema).find(|schema| urn::same(&schema.id, uri))
    }

    /// Returns the main schema and the extensions.
    pub fn schemas(&self) -> impl Iterator<Item = &Schema> {
        std::iter::once(self.core()).chain(self.extensions().map(|(schema, _)| schema))
    }

    /// Returns the attribute of this name in the main schema or among the common ones.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.core.attribute(name).or_else(|| self.common.attribute(name))
    }

    /// Returns the relation that is stored for this attribute; `None` if it is no relation.
    #[must_use]
    pub fn relation(&self, name: &AttributeName) -> Option<&Relation> {
        self.relation_named(name.as_str())
    }

    /// Returns the relation of this name, compared without case.
    #[must_use]
    pub fn relation_named(&self, name: &str) -> Option<&Relation> {
        let mut relations = self.definition.relations.iter();
        relations.find(|relation| relation.attribute == *name)
    }

    /// Returns the mirror that is computed for this attribute; `None` if it is no mirror.
    #[must_use]
    pub fn mirror(&self, name: &AttributeName) -> Option<&Mirror> {
        self.definition.mirrors.iter().find(|mirror| mirror.attribute == *name)
    }

    /// Returns the indexed paths.
    #[must_use]
    pub fn index(&self) -> &[AttrPath] {
        &self.index
    }

    /// Returns the part of the resource type that a path refers to; `None` if there is no such
    /// part.
    #[must_use]
    pub fn place(&self, path: &AttrPath) -> Option<AttributePlace<'_>> {
        let extension = match &path.uri {
            None => None,
            Some(uri) if urn::same(uri, &self.core.id) => None,
            Some(uri) => match self.extension(uri) {
                Some(schema) => Some(schema),
                None => return self.whole_extension(path),
            },
        };
        let attribute = match extension {
            Some(schema) => schema.attribute(path.name.as_str()),
            None => self.attribute(path.name.as_str()),
        }?;
        let sub = match &path.sub {
            Some(name) => Some(attribute.sub(name.as_str())?),
            None => None,
        };
        Some(AttributePlace::Attribute { extension, attribute, sub })
    }

    /// Returns the extension whose URI is the whole path, last colon included.
    fn whole_extension(&self, path: &AttrPath) -> Option<AttributePlace<'_>> {
        self.extension(&path.to_string()).map(AttributePlace::Extension)
    }
}
