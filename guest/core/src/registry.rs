//! All schemas and resource types of a tenant.

use std::sync::{Arc, LazyLock};

use crate::json;
use crate::resource_type::{Definition, ResourceType};
use crate::schema::{Schema, Uniqueness};

/// The built-in schemas, as JSON.
const BUILT_IN: [&str; 3] = [
    json::built_in!("schemas/user.json"),
    json::built_in!("schemas/group.json"),
    json::built_in!("schemas/enterprise_user.json"),
];

/// The schemas of the service's own documents; listed, but not used for resources.
const OF_DISCOVERY: [&str; 3] = [
    json::built_in!("schemas/service_provider_config.json"),
    json::built_in!("schemas/resource_type.json"),
    json::built_in!("schemas/schema.json"),
];

/// The built-in schemas of resources, parsed once.
static SHARED: LazyLock<[Arc<Schema>; 3]> =
    LazyLock::new(|| BUILT_IN.map(|text| Arc::new(parse(text))));

static COMMON: LazyLock<Arc<Schema>> =
    LazyLock::new(|| Arc::new(parse(json::built_in!("schemas/common.json"))));

/// Schemas and resource types whose references are resolved.
#[derive(Debug)]
pub struct Registry {
    schemas: Vec<Arc<Schema>>,
    types: Vec<ResourceType>,
    /// Common attributes that are unique in a type, with the type's name first.
    unique_common: Vec<(String, String)>,
}

/// A resource type refers to a schema, attribute or type that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("resource type `{resource_type}`: {problem}")]
pub struct RegistryError {
    resource_type: String,
    problem: String,
}

impl Registry {
    /// Resolves resource types against the built-in schemas and those of a profile, which replace
    /// built-in ones of the same URI.
    ///
    /// # Errors
    /// If a resource type refers to something that does not exist.
    pub fn new(definitions: Vec<Definition>, added: Vec<Schema>) -> Result<Self, RegistryError> {
        let mut schemas = SHARED.to_vec();
        for schema in added {
            schemas.retain(|old| !crate::urn::same(&old.id, &schema.id));
            schemas.push(Arc::new(schema));
        }
        Self::resolved(definitions, schemas, Vec::new())
    }

    /// Returns this registry with an attribute of a type's main schema, or a common one, made
    /// unique; the main schema then says so.
    ///
    /// # Errors
    /// If a resource type cannot be resolved.
    pub fn with_unique(mut self, resource_type: &str, name: &str) -> Result<Self, RegistryError> {
        if let Some(resource_type) = self.types.iter().find(|t| t.definition.name == resource_type)
        {
            let mut schemas = self.schemas.iter_mut();
            let schema = schemas.find(|schema| schema.id == resource_type.core().id);
            let schema = schema.filter(|schema| schema.attribute(name).is_some());
            match schema {
                Some(schema) => make_unique(Arc::make_mut(schema), name),
                None => {
                    let unique = (resource_type.name().to_owned(), name.to_owned());
                    self.unique_common.push(unique);
                }
            }
        }
        let definitions = self.types.into_iter().map(|resource_type| resource_type.definition);
        Self::resolved(definitions.collect(), self.schemas, self.unique_common)
    }

    fn resolved(
        definitions: Vec<Definition>,
        schemas: Vec<Arc<Schema>>,
        unique_common: Vec<(String, String)>,
    ) -> Result<Self, RegistryError> {
        let types = definitions
            .into_iter()
            .map(|definition| {
                let name = definition.name.clone();
                let mut common = COMMON.clone();
                for (_, unique) in
                    unique_common.iter().filter(|(resource_type, _)| *resource_type == name)
                {
                    make_unique(Arc::make_mut(&mut common), unique);
                }
                ResourceType::resolve(definition, &schemas, &common)
                    .map_err(|problem| RegistryError { resource_type: name, problem })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { schemas, types, unique_common })
    }

    /// Returns the resource types, in the order of the profile.
    #[must_use]
    pub fn types(&self) -> &[ResourceType] {
        &self.types
    }

    /// Returns the type of an endpoint, given without the slash.
    #[must_use]
    pub fn at_endpoint(&self, segment: &str) -> Option<&ResourceType> {
        self.types.iter().find(|t| t.definition.endpoint.strip_prefix('/') == Some(segment))
    }

    /// Returns the type of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&ResourceType> {
        self.types.iter().find(|t| t.definition.name == name)
    }

    /// Returns the schemas that `/Schemas` lists: those of the resource types and those of the
    /// service's own documents.
    #[must_use]
    pub fn shown(&self) -> Vec<Arc<Schema>> {
        let used = self.schemas.iter().filter(|schema| {
            self.types.iter().any(|t| t.schemas().any(|of_type| of_type.id == schema.id))
        });
        used.cloned().chain(OF_DISCOVERY.map(|text| Arc::new(parse(text)))).collect()
    }
}

fn make_unique(schema: &mut Schema, name: &str) {
    let mut attributes = schema.attributes.iter_mut();
    if let Some(attribute) = attributes.find(|attribute| attribute.name == *name) {
        attribute.uniqueness = Uniqueness::Server;
    }
}

/// Parses a built-in schema. One that does not parse is left empty; the test below finds it.
fn parse(text: &str) -> Schema {
    json::from_str(text).unwrap_or_else(|_| Schema::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Policy;

    #[test]
    fn every_built_in_schema_parses() {
        for text in BUILT_IN.into_iter().chain(OF_DISCOVERY) {
            assert!(parse(text).id.starts_with("urn:"), "{text}");
        }
        assert_eq!(COMMON.attributes.len(), 4);
    }

    #[test]
    fn names_are_unique_where_a_profile_has_them_so() {
        let unique = |preset| {
            let policy = Policy::preset(preset).unwrap();
            let names = ["displayName", "userName"];
            let unique = |schema: &Arc<Schema>| {
                let named = names.iter().filter_map(|name| schema.attribute(name));
                let unique = named.filter(|attribute| attribute.is_unique());
                unique
                    .map(|attribute| format!("{} {}", schema.name, attribute.name))
                    .collect::<Vec<_>>()
            };
            policy.registry.shown().iter().flat_map(unique).collect::<Vec<_>>()
        };
        assert_eq!(unique("default"), ["User userName"]);
        assert_eq!(unique("entra"), ["User userName", "Group displayName"]);
    }
}
