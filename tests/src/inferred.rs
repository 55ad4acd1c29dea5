//! A schema that fits a resource and a filter, for cases that come without one: types as the values
//! and the literals show them.

use std::collections::BTreeMap;
use std::sync::Arc;

use scimlet_core::filter::{AttrPath, CompValue, Filter};
use scimlet_core::profile::Policy;
use scimlet_core::resource_type::ResourceType;
use scimlet_core::{instant, urn};
use serde_json::{Map, Value, json};

/// The URI of the inferred main schema.
pub const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// The characteristics of an attribute, inferred from how requests use it.
#[derive(Clone, Debug, Default)]
struct Shape {
    name: String,
    data_type: Option<&'static str>,
    multi_valued: bool,
    case_exact: bool,
    subs: Shapes,
}

/// Attributes by name in lower case.
type Shapes = BTreeMap<String, Shape>;

/// Attributes of the main schema and of extensions.
#[derive(Clone, Debug, Default)]
pub struct Inferred {
    core: Shapes,
    extensions: BTreeMap<String, Shapes>,
}

impl Inferred {
    /// Learns from a resource.
    pub fn resource(&mut self, resource: &Map<String, Value>) {
        for (key, value) in resource {
            match value {
                Value::Object(inner) if key.contains(':') => {
                    let shapes = self.extensions.entry(key.clone()).or_default();
                    inner.iter().for_each(|(key, value)| learn(shapes, key, value));
                }
                _ => learn(&mut self.core, key, value),
            }
        }
    }

    /// Learns what the resource does not show from a filter: the names, and types from what they
    /// are compared with.
    pub fn filter(&mut self, filter: &Filter) {
        match filter {
            Filter::And(parts) | Filter::Or(parts) => parts.iter().for_each(|p| self.filter(p)),
            Filter::Not(inner) => self.filter(inner),
            Filter::Present(path) => self.path(path, "string"),
            Filter::Compare(path, _, value) => {
                self.path(path, literal(value));
                self.no_date(path, value);
            }
            Filter::ValuePath(path, inner) => {
                let mut below = Self::default();
                below.filter(inner);
                let shape = self.shapes(path).entry(lower(&path.name)).or_default();
                if shape.name.is_empty() {
                    shape.name = path.name.to_string();
                    shape.multi_valued = true;
                    shape.data_type = Some("complex");
                }
                for (key, sub) in below.core {
                    shape.subs.entry(key).or_insert(sub);
                }
            }
        }
    }

    /// Makes the attribute a string if it was taken for a dateTime and is compared with a text that
    /// is none.
    fn no_date(&mut self, path: &AttrPath, value: &CompValue) {
        let CompValue::Text(text) = value else { return };
        let mut shape = self.shapes(path).get_mut(&lower(&path.name));
        if let Some(sub) = &path.sub {
            shape = shape.and_then(|shape| shape.subs.get_mut(&lower(sub)));
        }
        let dated = |shape: &&mut Shape| shape.data_type == Some("dateTime");
        if let Some(shape) = shape.filter(dated).filter(|_| instant::parse(text).is_none()) {
            shape.data_type = Some("string");
        }
    }

    /// Makes a text attribute one in which case counts.
    pub fn case_exact(&mut self, name: &str) {
        if let Some(shape) = self.core.get_mut(&name.to_ascii_lowercase()) {
            shape.case_exact = true;
        }
    }

    fn shapes(&mut self, path: &AttrPath) -> &mut Shapes {
        match &path.uri {
            Some(uri) if !urn::same(uri, CORE) => self.extensions.entry(uri.clone()).or_default(),
            _ => &mut self.core,
        }
    }

    fn path(&mut self, path: &AttrPath, data_type: &'static str) {
        let shape = self.shapes(path).entry(lower(&path.name)).or_default();
        if shape.name.is_empty() {
            shape.name = path.name.to_string();
            shape.data_type = Some(if path.sub.is_some() { "complex" } else { data_type });
        }
        if let Some(sub) = &path.sub {
            let shape = shape.subs.entry(lower(sub)).or_default();
            if shape.name.is_empty() {
                shape.name = sub.to_string();
                shape.data_type = Some(data_type);
            }
        }
    }

    /// A policy with one resource type `Case` of these attributes.
    ///
    /// # Panics
    /// If the names are none that a schema could have.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        let schema = |id: &str, shapes: &Shapes| {
            let attributes: Vec<Value> = shapes.values().map(definition).collect();
            json!({"id": id, "name": "Case", "description": "inferred", "attributes": attributes})
        };
        let extensions = || self.extensions.iter();
        let schemas: Vec<Value> = std::iter::once(schema(CORE, &self.core))
            .chain(extensions().map(|(id, shapes)| schema(id, shapes)))
            .collect();
        let named: Vec<Value> = extensions().map(|(id, _)| json!({"schema": id})).collect();
        let profile = json!({"extends": "default", "schemas": schemas, "resourceTypes": [
            {"name": "Case", "endpoint": "/Cases", "schema": CORE, "schemaExtensions": named},
        ]});
        Policy::from_document(&profile.to_string()).expect("the inferred schema is one")
    }
}

/// The resource type of [`Inferred::policy`].
///
/// # Panics
/// If it is another policy.
#[must_use]
pub fn case(policy: &Policy) -> &ResourceType {
    policy.registry.named("Case").expect("the type is there")
}

fn learn(shapes: &mut Shapes, key: &str, value: &Value) {
    let shape = shapes.entry(key.to_ascii_lowercase()).or_default();
    shape.name = key.to_owned();
    let values = match value {
        Value::Array(values) => {
            shape.multi_valued = true;
            values.as_slice()
        }
        value => std::slice::from_ref(value),
    };
    for value in values {
        shape.data_type = shape.data_type.or(data_type(value));
        for (key, value) in value.as_object().into_iter().flatten() {
            learn(&mut shape.subs, key, value);
        }
    }
}

fn data_type(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null | Value::Array(_) => None,
        Value::Bool(_) => Some("boolean"),
        Value::Number(_) => Some("decimal"),
        Value::String(text) if instant::parse(text).is_some() => Some("dateTime"),
        Value::String(_) => Some("string"),
        Value::Object(_) => Some("complex"),
    }
}

fn literal(value: &CompValue) -> &'static str {
    match value {
        CompValue::Boolean(_) => "boolean",
        CompValue::Number(_) => "decimal",
        CompValue::Null | CompValue::Text(_) => "string",
    }
}

fn definition(shape: &Shape) -> Value {
    let subs: Vec<Value> = shape.subs.values().map(definition).collect();
    json!({
        "name": shape.name,
        "type": shape.data_type.unwrap_or("string"),
        "multiValued": shape.multi_valued,
        "caseExact": shape.case_exact,
        "subAttributes": subs,
    })
}

fn lower(name: &scimlet_core::name::AttributeName) -> String {
    name.as_str().to_ascii_lowercase()
}
