//! From the events of a commit to what the application hears: the step, the documents, the effects.

use serde_json::Value;

use super::document::document;
use super::members::Moved;
use super::reader::Reader;
use super::subject::{Subject, Subjects, name};
use crate::ordered::OrderedSet;
use crate::port::{Change, Effect, Identity, Step};
use crate::profile::Policy;
use crate::resource::Resource;
use crate::service::write::event;
use crate::sorted_map::SortedMap;
use crate::store::{Channel, Draft, Entry, Event, Key, Refusal};

/// A changed resource, before and after the commit.
pub(super) struct Changed<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) before: Option<Resource>,
    pub(super) after: Option<Resource>,
}

impl Changed<'_> {
    /// Returns the application's own id.
    pub(super) fn product_id(&self) -> Option<&str> {
        let resource = self.after.as_ref().or(self.before.as_ref());
        resource.and_then(|resource| resource.state.product_id.as_deref())
    }
}

/// Reads what these subjects were, which the commit then depends on.
pub(super) fn read<'a>(
    reader: &Reader<'_>,
    subjects: &'a [Subject<'a>],
    at: u64,
) -> Result<Vec<Changed<'a>>, Refusal> {
    let old = subjects.iter().filter(|subject| !subject.is_new());
    let keys: Vec<Key> = old.map(|subject| subject.stored().clone()).collect();
    let mut entries = reader.entries(&keys)?.into_iter();
    let read = subjects.iter().map(|subject| {
        let before = match subject.is_new() {
            true => None,
            false => Some(resource(found(subject, entries.next().flatten())?)?),
        };
        let after = match subject.written() {
            Some(draft) => Some(resource(written(draft, before.as_ref(), at))?),
            None => before.clone().filter(|_| !subject.is_gone()),
        };
        Ok(Changed { subject, before, after })
    });
    read.collect()
}

/// Refuses a commit that depends on another state than the one that was read.
fn found(subject: &Subject<'_>, entry: Option<Entry>) -> Result<Entry, Refusal> {
    match entry {
        None if subject.version().is_none() => Err(Refusal::Missing(subject.stored().clone())),
        Some(entry) if subject.version().is_none_or(|version| version == entry.version) => {
            Ok(entry)
        }
        _ => Err(Refusal::Stale(subject.stored().clone())),
    }
}

fn written(draft: &Draft, before: Option<&Resource>, at: u64) -> Entry {
    Entry {
        key: draft.key.clone(),
        version: before.map_or(1, |before| before.version),
        created: before.map_or(at, |before| before.created),
        modified: at,
        body: draft.body.clone(),
    }
}

fn resource(entry: Entry) -> Result<Resource, Refusal> {
    Resource::from_entry(entry)
        .map_err(|error| Refusal::Damaged(error.cause.unwrap_or(error.detail)))
}

/// Returns the application's own ids of the changed resources, by their names.
pub(super) fn own_ids(changed: &[Changed<'_>]) -> SortedMap<String> {
    let mut ids = SortedMap::new();
    for changed in changed {
        if let Some(id) = changed.product_id() {
            ids.insert(name(&changed.subject.key), id.to_owned());
        }
    }
    ids
}

/// Returns what the application hears of these changes.
pub(super) fn told(
    (reader, policy, subjects): (&Reader<'_>, &Policy, &Subjects<'_>),
    changed: &[Changed<'_>],
    moved: Vec<Moved>,
) -> Result<Vec<Change>, Refusal> {
    let effects: Vec<Vec<Effect>> =
        changed.iter().map(|changed| effects(policy, changed.subject)).collect();
    let mut ids = own_ids(changed);
    for (key, id) in reader.product_ids(&others(subjects, &moved, &effects))?.into_iter() {
        ids.insert(key, id);
    }
    let all = changed.iter().zip(moved).zip(effects);
    let each = all.map(|((changed, moved), effects)| change(policy, changed, moved, effects, &ids));
    Ok(each.collect())
}

/// Returns the resources that the changes name beside the changed ones.
fn others(subjects: &Subjects<'_>, moved: &[Moved], effects: &[Vec<Effect>]) -> Vec<Key> {
    let members = moved.iter().flat_map(|moved| moved.joined.iter().chain(&moved.left));
    let effects = effects.iter().flatten();
    let groups = effects.flat_map(|effect| effect.group.iter().chain(&effect.groups));
    let named = members.chain(groups.map(|group| &group.key));
    let others = OrderedSet::from_iter(named.filter(|key| subjects.place(key).is_none()).cloned());
    others.into_iter().collect()
}

fn change(
    policy: &Policy,
    changed: &Changed<'_>,
    moved: Moved,
    mut effects: Vec<Effect>,
    ids: &SortedMap<String>,
) -> Change {
    let subject = changed.subject;
    let identity = |key: Key| Identity { product_id: ids.get(&name(&key)).cloned(), key };
    let shown =
        |resource: &Resource, after| document(policy, subject.resource_type, resource, after);
    for named in
        effects.iter_mut().flat_map(|effect| effect.group.iter_mut().chain(&mut effect.groups))
    {
        named.product_id = ids.get(&name(&named.key)).cloned();
    }
    Change {
        subject: Identity {
            key: subject.key.clone(),
            product_id: changed.product_id().map(ToOwned::to_owned),
        },
        step: step(subject),
        attributes: attributes(subject),
        before: changed.before.as_ref().map(|before| shown(before, false)),
        after: changed.after.as_ref().map(|after| shown(after, true)),
        members_added: moved.joined.into_iter().map(identity).collect(),
        members_removed: moved.left.into_iter().map(identity).collect(),
        effects,
    }
}

/// Returns the step that the events about a resource are of.
fn step(subject: &Subject<'_>) -> Step {
    let has = |name: &str| subject.events.iter().any(|event| event.name == name);
    let provisioned = |step: &str| {
        let named = |event: &Event| event.name.strip_prefix(event::PROVISIONING) == Some(step);
        subject.events.iter().any(|event| named(event))
    };
    match () {
        () if subject.is_erased => Step::Erased,
        () if provisioned("delete") => Step::Removed,
        () if has(event::LINKED) => Step::Linked,
        () if provisioned("activate") => Step::Reactivated,
        () if provisioned("deactivate") => Step::Deactivated,
        () if has(event::RETURNED) => Step::Linked,
        () if subject.is_new() => Step::Created,
        () => Step::Updated,
    }
}

/// Returns the paths that the notices of a change name.
fn attributes(subject: &Subject<'_>) -> Vec<String> {
    let notices = subject.events.iter().filter(|event| event.name.ends_with(":notice"));
    let mut paths = Vec::new();
    for event in notices {
        for path in texts(&body(event), "attributes") {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    paths
}

/// Returns the effects among the events about a resource. The ids in them are not filled in.
fn effects(policy: &Policy, subject: &Subject<'_>) -> Vec<Effect> {
    let feed = subject.events.iter().filter(|event| event.channel == Channel::Feed);
    let effects = feed.filter(|event| !event.name.starts_with(event::PROVISIONING));
    effects.map(|event| effect(policy, event)).collect()
}

fn effect(policy: &Policy, event: &Event) -> Effect {
    let body = body(event);
    let text = |value: &Value, name: &str| value.get(name)?.as_str().map(ToOwned::to_owned);
    let groups = policy.groups.as_ref().map_or("", |groups| &groups.resource_type);
    let group = |id| Identity { key: Key::new(groups, id), product_id: None };
    let references = body.get("references").and_then(Value::as_array);
    let reference = |value: &Value| Some((text(value, "kind")?, text(value, "id")?));
    Effect {
        name: event.name.clone(),
        group: text(&body, "group").map(group),
        roles: texts(&body, "roles"),
        seat_type: text(&body, "seat-type"),
        groups: texts(&body, "groups").into_iter().map(group).collect(),
        references: references.into_iter().flatten().filter_map(reference).collect(),
    }
}

fn body(event: &Event) -> Value {
    serde_json::from_str(&event.body).unwrap_or_default()
}

fn texts(body: &Value, name: &str) -> Vec<String> {
    let texts = body.get(name).and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}
