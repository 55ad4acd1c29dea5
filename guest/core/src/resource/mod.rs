//! A resource as it is kept and as it is shown: RFC 7643 section 3.

pub mod check;

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::index;
use crate::json;
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::sorted_map::SortedMap;
use crate::store::{Draft, Entry, Key};
use crate::{etag, instant};

/// What the service keeps of a resource and no client sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// Whether the product imported it, and no client has provisioned it yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
    /// Whether a client's request made the person inactive.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deprovisioned: bool,
    /// The kinds of seats that it has, by the id of the group that gives them.
    #[serde(skip_serializing_if = "SortedMap::is_empty")]
    pub seats: SortedMap<String>,
}

json::decode_struct!(open State {
    imported: "imported" = false,
    deprovisioned: "deprovisioned" = false,
    seats: "seats" = SortedMap::new(),
});

/// The member of a stored body that holds the [`State`]; no attribute has such a name.
const STATE: &str = "#state";

/// A stored resource. The content holds neither `id`, `meta` and `schemas`, which follow from the
/// entry, nor relations, which are links.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// Type and id.
    pub key: Key,
    /// The store's version.
    pub version: u64,
    /// Milliseconds since 1970.
    pub created: u64,
    /// Milliseconds since 1970.
    pub modified: u64,
    /// The attributes.
    pub content: Content,
    /// What no client sees.
    pub state: State,
}

impl Resource {
    /// A resource as the store returned it; an error if the body is not what core wrote.
    pub fn from_entry(entry: Entry) -> Result<Self, Error> {
        Self::read(&entry)
    }

    /// A resource of an entry that is kept; an error if the body is not what core wrote.
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

    /// The body to store for a content of this resource.
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

    /// The entry to store.
    ///
    /// # Errors
    /// `invalidValue` if a unique value is too long to be kept unique.
    pub fn draft(&self, resource_type: &ResourceType) -> Result<Draft, Error> {
        let mut terms = index::terms(resource_type, &self.content).map_err(|too_long| {
            let detail = format!("`{}` is too long", too_long.path);
            Error::new(ErrorKind::InvalidValue, detail)
        })?;
        if self.key.kind != resource_type.name() {
            // What clients deleted holds no name against them (RFC 7644 section 3.6).
            terms.iter_mut().for_each(|term| term.unique = false);
        }
        let body = self.body(&self.content)?;
        Ok(Draft { key: self.key.clone(), body, terms })
    }

    /// The URL, below a base URL without a final slash.
    #[must_use]
    pub fn location(&self, resource_type: &ResourceType, base: &str) -> String {
        location(resource_type, base, &self.key.id)
    }

    /// The whole resource as a client may see it, before projection. `computed` holds the relations
    /// and mirrors.
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

    /// The main schema, and the extensions that there are values of (RFC 7643 section 3).
    fn schemas(&self, resource_type: &ResourceType) -> Value {
        let extensions = resource_type.extensions().map(|(schema, _)| schema.id.as_str());
        let present = extensions.filter(|uri| self.content.contains_key(*uri));
        std::iter::once(resource_type.core().id.as_str()).chain(present).collect::<Vec<_>>().into()
    }

    /// RFC 7643 section 3.1.
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

/// What names a resource of this content to people; `None` if it has no such attribute.
#[must_use]
pub fn display<'c>(resource_type: &ResourceType, content: &'c Content) -> Option<&'c str> {
    let mut names = resource_type.definition.display.iter();
    names.find_map(|name| content.get(name.as_str())?.as_str())
}

/// Those of an entry's attributes that have one of these names; the others are passed over, which
/// costs a fraction of reading them.
pub fn some_of(entry: &Entry, names: &[&str]) -> Result<Content, Error> {
    json::some_members(&entry.body, names).map_err(|error| broken(entry, &error))
}

/// The URL of the resource with this id.
#[must_use]
pub fn location(resource_type: &ResourceType, base: &str, id: &str) -> String {
    format!("{base}{}/{id}", resource_type.definition.endpoint)
}
