//! A resource as it is kept and as it is shown: RFC 7643 section 3.

use serde_json::{Value, json};

use crate::error::Error;
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::store::{Entry, Key};
use crate::{etag, instant};

/// A stored resource. The content holds neither `id`, `meta` and `schemas`, which follow from the entry, nor relations,
/// which are links.
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
}

impl Resource {
    /// A resource as the store returned it; an error if the body is not what core wrote.
    pub fn from_entry(entry: Entry) -> Result<Self, Error> {
        let content = serde_json::from_str(&entry.body).map_err(|error| {
            Error::internal(format!("{} has a broken body: {error}", entry.key))
        })?;
        let Entry {
            key,
            version,
            created,
            modified,
            ..
        } = entry;
        Ok(Self {
            key,
            version,
            created,
            modified,
            content,
        })
    }

    /// The URL, below a base URL without a final slash.
    #[must_use]
    pub fn location(&self, of: &ResourceType, base: &str) -> String {
        location(of, base, &self.key.id)
    }

    /// The whole resource as a client may see it, before projection. `computed` holds the relations and mirrors.
    #[must_use]
    pub fn shown(&self, of: &ResourceType, base: &str, computed: Content) -> Content {
        let mut shown = self.content.clone();
        shown.extend(computed);
        shown.insert("schemas".into(), self.schemas(of));
        shown.insert("id".into(), self.key.id.as_str().into());
        shown.insert("meta".into(), self.meta(of, base));
        shown
    }

    /// What names the resource to people; `None` if it has no such attribute.
    #[must_use]
    pub fn display(&self, of: &ResourceType) -> Option<&str> {
        let mut names = of.definition.display.iter();
        names.find_map(|name| self.content.get(name.as_str())?.as_str())
    }

    /// The main schema, and the extensions that there are values of (RFC 7643 section 3).
    fn schemas(&self, of: &ResourceType) -> Value {
        let extensions = of.extensions().map(|(schema, _)| schema.id.as_str());
        let present = extensions.filter(|uri| self.content.contains_key(*uri));
        std::iter::once(of.core().id.as_str())
            .chain(present)
            .collect::<Vec<_>>()
            .into()
    }

    /// RFC 7643 section 3.1.
    fn meta(&self, of: &ResourceType, base: &str) -> Value {
        json!({
            "resourceType": of.name(),
            "created": instant::format(self.created),
            "lastModified": instant::format(self.modified),
            "location": self.location(of, base),
            "version": etag::format(self.version),
        })
    }
}

/// The URL of the resource with this id.
#[must_use]
pub fn location(of: &ResourceType, base: &str, id: &str) -> String {
    format!("{base}{}/{id}", of.definition.endpoint)
}
