//! Resources in their stored and in their response form: RFC 7643 section 3.

pub mod check;

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::index;
use crate::json;
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::sorted_map::SortedMap;
use crate::store::{Draft, Entry, Key, Scalar, Term};
use crate::{etag, instant};

/// Data about a resource that the service stores and no client sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// Whether the product imported the resource and no client has provisioned it yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
    /// Whether a client's request deactivated the user.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deprovisioned: bool,
    /// The kinds of seats that the resource has, by the id of the group that grants them.
    #[serde(skip_serializing_if = "SortedMap::is_empty")]
    pub seats: SortedMap<String>,
    /// The application's own id of the resource.
    #[serde(rename = "product-id", skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
}

json::decode_struct!(open State {
    imported: "imported" = false,
    deprovisioned: "deprovisioned" = false,
    seats: "seats" = SortedMap::new(),
    product_id: "product-id" = None,
});

/// The path of the term with [`State::product_id`], unique among the resources of a type.
pub const PRODUCT_ID: &str = "#product-id";

/// The member of a stored body that contains the [`State`]; no attribute can have this name.
const STATE: &str = "#state";

/// A stored resource. Its content contains neither `id`, `meta` and `schemas`, which follow from
/// the entry, nor relations, which are links.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// The resource type's name and the id.
    pub key: Key,
    /// The version that the store assigned.
    pub version: u64,
    /// Creation time, in milliseconds since 1970.
    pub created: u64,
    /// Time of the last change, in milliseconds since 1970.
    pub modified: u64,
    /// The attributes.
    pub content: Content,
    /// The data that no client sees.
    pub state: State,
}

impl Resource {
    /// Decodes an entry of the store.
    ///
    /// # Errors
    /// Internal, if core did not write the body.
    pub fn from_entry(entry: Entry) -> Result<Self, Error> {
        Self::read(&entry)
    }

    /// Decodes a borrowed entry of the store.
    ///
    /// # Errors
    /// Internal, if core did not write the body.
    pub fn read(entry: &Entry) -> Result<Self, Error> {
        let broken = |error: &dyn std::fmt::Display| broken(entry, error);
        let mut content: Content =
            serde_json::from_str(&entry.body).map_err(|error| broken(&error))?;
        let state = content.remove(STATE).map(json::from_value).transpose();
        let state = state.map_err(|misfit| broken(&misfit))?.unwrap_or_default();
        Ok(Self {
            key: entry.key.clone(),
            version: entry.version,
            created: entry.created,
            modified: entry.modified,
            content,
            state,
        })
    }

    /// Returns the body to store for a content of this resource.
    ///
    /// # Errors
    /// Internal, if it cannot be serialized.
    pub fn body(&self, content: &Content) -> Result<String, Error> {
        let internal = |error: serde_json::Error| Error::internal(error.to_string());
        if self.state == State::default() {
            return serde_json::to_string(content).map_err(internal);
        }
        let mut content = content.clone();
        let state = serde_json::to_value(&self.state).map_err(internal)?;
        content.insert(STATE.to_owned(), state);
        serde_json::to_string(&content).map_err(internal)
    }

    /// Returns the entry to store.
    ///
    /// # Errors
    /// `invalidValue` if a unique value is too long to be checked for uniqueness.
    pub fn draft(&self, resource_type: &ResourceType) -> Result<Draft, Error> {
        let mut terms = index::terms(resource_type, &self.content).map_err(|too_long| {
            let detail = format!("`{}` is too long", too_long.path);
            Error::new(ErrorKind::InvalidValue, detail)
        })?;
        if let Some(id) = &self.state.product_id {
            let (path, value) = (PRODUCT_ID.to_owned(), Scalar::Text(id.clone()));
            terms.push(Term { path, value, unique: true });
        }
        if self.key.kind != resource_type.name() {
            // A resource that a client deleted does not reserve its unique values (RFC 7644 section
            // 3.6).
            terms.iter_mut().for_each(|term| term.unique = false);
        }
        let body = self.body(&self.content)?;
        Ok(Draft { key: self.key.clone(), body, terms })
    }

    /// Returns the resource's URL. `base` has no final slash.
    #[must_use]
    pub fn location(&self, resource_type: &ResourceType, base: &str) -> String {
        location(resource_type, base, &self.key.id)
    }

    /// Returns the whole resource in its response form, before projection. `computed` contains the
    /// relations and mirrors.
    #[must_use]
    pub fn shown(self, resource_type: &ResourceType, base: &str, computed: Content) -> Content {
        let (schemas, meta) = (self.schemas(resource_type), self.meta(resource_type, base));
        let mut shown = self.content;
        shown.extend(computed);
        shown.insert("schemas".into(), schemas);
        shown.insert("id".into(), self.key.id.into());
        shown.insert("meta".into(), meta);
        shown
    }

    /// Returns the main schema, and the extensions that have values (RFC 7643 section 3).
    fn schemas(&self, resource_type: &ResourceType) -> Value {
        let extensions = resource_type.extensions().map(|(schema, _)| schema.id.as_str());
        let present = extensions.filter(|uri| self.content.contains_key(*uri));
        std::iter::once(resource_type.core().id.as_str()).chain(present).collect::<Vec<_>>().into()
    }

    /// Returns `meta`: RFC 7643 section 3.1.
    fn meta(&self, resource_type: &ResourceType, base: &str) -> Value {
        serde_json::json!({
            "resourceType": resource_type.name(),
            "created": instant::format(self.created),
            "lastModified": instant::format(self.modified),
            "location": self.location(resource_type, base),
            "version": etag::format(self.version),
        })
    }
}

fn broken(entry: &Entry, error: &dyn std::fmt::Display) -> Error {
    Error::broken(&entry.key, error)
}

/// Returns the display name of a resource with this content; `None` if no attribute serves as one.
#[must_use]
pub fn display<'c>(resource_type: &ResourceType, content: &'c Content) -> Option<&'c str> {
    let mut names = resource_type.definition.display.iter();
    names.find_map(|name| content.get(name.as_str())?.as_str())
}

/// Decodes only the attributes with these names from an entry, which costs a fraction of decoding
/// all.
///
/// # Errors
/// Internal, if core did not write the body.
pub fn some_of(entry: &Entry, names: &[&str]) -> Result<Content, Error> {
    json::some_members(&entry.body, names).map_err(|error| broken(entry, &error))
}

/// Decodes only [`State::product_id`] from a body.
///
/// # Errors
/// If core did not write the body.
pub fn product_id(body: &str) -> Result<Option<String>, json::JsonError> {
    // Most resources have no state, and most bodies are not split for it.
    if !body.contains(STATE) {
        return Ok(None);
    }
    let state = json::some_members(body, &[STATE])?;
    let id = state.get(STATE).and_then(|state| state.get("product-id")?.as_str());
    Ok(id.map(ToOwned::to_owned))
}

/// Returns the URL of the resource with this id. `base` has no final slash.
#[must_use]
pub fn location(resource_type: &ResourceType, base: &str, id: &str) -> String {
    format!("{base}{}/{id}", resource_type.definition.endpoint)
}
