//! The resources that a commit changes: those that its events are about.

use crate::registry::Registry;
use crate::resource_type::ResourceType;
use crate::service::write::event::{self, REMOVED};
use crate::sorted_map::SortedMap;
use crate::store::{Channel, Draft, Event, Key, Removal, Replacement, Write};

/// Events of the audit that are about a change.
const TAKEN_OVER: [&str; 3] = [event::LINKED, event::RETURNED_ACTIVE, event::RETURNED];

/// A resource that a commit changes.
pub(super) struct Subject<'a> {
    pub(super) resource_type: &'a ResourceType,
    /// The resource type's name and the id.
    pub(super) key: Key,
    /// The events about it.
    pub(super) events: Vec<&'a Event>,
    /// Whether all personal data go.
    pub(super) is_erased: bool,
    /// The key that the first event names.
    named: &'a Key,
    inserted: Option<&'a Draft>,
    replaced: Option<(&'a Draft, u64)>,
    removed: Option<(&'a Key, Option<u64>)>,
}

impl<'a> Subject<'a> {
    /// Returns whether the commit creates the resource.
    pub(super) fn is_new(&self) -> bool {
        self.inserted.is_some() && self.removed.is_none()
    }

    /// Returns whether nothing remains of it.
    pub(super) fn is_gone(&self) -> bool {
        self.removed.is_some() && self.inserted.is_none()
    }

    /// Returns the key of the entry before the commit.
    pub(super) fn stored(&self) -> &'a Key {
        match (self.removed, self.replaced) {
            (Some((key, _)), _) => key,
            (None, Some((draft, _))) => &draft.key,
            (None, None) => self.named,
        }
    }

    /// Returns the version that the commit depends on; `None` if it depends on none.
    pub(super) fn version(&self) -> Option<u64> {
        match (self.removed, self.replaced) {
            (Some((_, version)), _) => version,
            (None, replaced) => replaced.map(|(_, version)| version),
        }
    }

    /// Returns the entry that the commit writes; `None` if it leaves the entry as it is, or if
    /// nothing remains.
    pub(super) fn written(&self) -> Option<&'a Draft> {
        let replaced = self.replaced.map(|(draft, _)| draft).filter(|_| !self.is_gone());
        self.inserted.or(replaced)
    }
}

/// The resources that a commit changes, in the order of their first events.
pub(super) struct Subjects<'a> {
    pub(super) all: Vec<Subject<'a>>,
    /// Their places in `all`, by [`name`].
    places: SortedMap<usize>,
}

impl<'a> Subjects<'a> {
    /// Returns those of a commit's writes.
    pub(super) fn of(registry: &'a Registry, writes: &'a [Write]) -> Self {
        let mut subjects = Self { all: Vec::new(), places: SortedMap::new() };
        for write in writes {
            if let Write::Append(event) = write
                && let Some(key) = &event.subject
                && (event.channel == Channel::Feed || TAKEN_OVER.contains(&event.name.as_str()))
            {
                subjects.add(registry, key, event);
            }
        }
        for write in writes {
            subjects.note(write);
        }
        subjects
    }

    /// Returns the place of the resource with this key of an entry or an event.
    pub(super) fn place(&self, key: &Key) -> Option<usize> {
        self.places.get(&name(key)).copied()
    }

    fn add(&mut self, registry: &'a Registry, key: &'a Key, event: &'a Event) {
        if let Some(subject) = self.found(key) {
            subject.events.push(event);
        } else if let Some(resource_type) = registry.named(type_name(key)) {
            self.places.insert(name(key), self.all.len());
            self.all.push(Subject {
                resource_type,
                key: Key::new(resource_type.name(), key.id.clone()),
                events: vec![event],
                is_erased: false,
                named: key,
                inserted: None,
                replaced: None,
                removed: None,
            });
        }
    }

    fn note(&mut self, write: &'a Write) {
        let key = match write {
            Write::Insert(draft) | Write::Replace(Replacement { draft, .. }) => &draft.key,
            Write::Remove(Removal { key, .. }) | Write::Redact(key) => key,
            _ => return,
        };
        let Some(subject) = self.found(key) else {
            return;
        };
        match write {
            Write::Insert(draft) => subject.inserted = Some(draft),
            Write::Replace(new) => subject.replaced = Some((&new.draft, new.version)),
            Write::Remove(old) => subject.removed = Some((&old.key, old.version)),
            _ => subject.is_erased = true,
        }
    }

    fn found(&mut self, key: &Key) -> Option<&mut Subject<'a>> {
        let place = self.place(key)?;
        self.all.get_mut(place)
    }
}

/// Returns the name by which a resource is found: its type's name and its id, also of a user that a
/// client deleted and the product keeps.
pub(super) fn name(key: &Key) -> String {
    format!("{}/{}", type_name(key), key.id)
}

fn type_name(key: &Key) -> &str {
    key.kind.strip_prefix(REMOVED).unwrap_or(&key.kind)
}
