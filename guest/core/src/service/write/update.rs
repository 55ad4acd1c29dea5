//! The common part of POST, PUT and PATCH: from a body to a content, and from an old and a new
//! content to at most one commit.

use serde_json::Value;

use super::event::{self, ChangeKind};
use super::link_writes;
use crate::dialect::Sent;
use crate::error::{Error, ErrorKind};
use crate::index;
use crate::limits;
use crate::ordered::OrderedSet;
use crate::profile::Invisible;
use crate::relation::{self, Changes};
use crate::resource::{Resource, State, check};
use crate::resource_type::ResourceType;
use crate::schema::{Checker, Content, size};
use crate::secret;
use crate::service::lifecycle::{self, UserLifecycle};
use crate::service::{Options, Session};
use crate::store::{Committed, Draft, Refusal, Write};
use crate::text;

/// The parsed body of a POST or PUT.
pub(in crate::service) struct Received {
    pub(in crate::service) content: Content,
    /// The changes of relations.
    pub(in crate::service) changes: Changes,
    /// The paths of attributes with values of which nothing was understood.
    pub(in crate::service) not_understood: Vec<String>,
}

/// Parses the body of a POST or PUT.
pub(in crate::service) fn received(
    session: &Session<'_>,
    resource_type: &ResourceType,
    mut body: Value,
) -> Result<Received, Error> {
    session.rewrite(resource_type, Sent::resource(&mut body));
    let Value::Object(body) = body else {
        return Err(Error::not_an_object());
    };
    check::schemas(resource_type, &body)?;
    let mut checker = Checker::default();
    let mut content = checker.resource(resource_type, body)?;
    session.settle_dropped(resource_type, &checker)?;
    let changes = relation::take(resource_type, &mut content)?;
    Ok(Received { content, changes, not_understood: checker.not_understood })
}

/// A change of a resource that was read as `before`.
pub(in crate::service) struct Update<'a> {
    pub(in crate::service) resource_type: &'a ResourceType,
    pub(in crate::service) before: Resource,
    pub(in crate::service) content: Content,
    pub(in crate::service) changes: Changes,
    /// The data to store that no client sees.
    pub(in crate::service) state: State,
    /// The kind of request that asks for the change.
    pub(in crate::service) step: ChangeKind,
}

/// A change that has passed all checks before the commit. If it has no writes, there is nothing to
/// change.
pub(in crate::service) struct Prepared {
    pub(in crate::service) resource: Resource,
    pub(in crate::service) writes: Vec<Write>,
}

/// A resource after a change.
pub(in crate::service) struct Updated {
    pub(in crate::service) resource: Resource,
    /// The id that the client knows it by, if that differs.
    pub(in crate::service) known_as: Option<String>,
}

impl<'a> Update<'a> {
    /// A change that leaves the data unchanged that no client sees.
    pub(in crate::service) fn new(
        resource_type: &'a ResourceType,
        before: Resource,
        content: Content,
        changes: Changes,
        step: ChangeKind,
    ) -> Self {
        let state = before.state.clone();
        Self { resource_type, before, content, changes, state, step }
    }

    /// Checks and commits; if nothing differs there is no commit, no new version and no event.
    pub(in crate::service) fn commit(
        self,
        session: &Session<'_>,
        options: &Options,
    ) -> Result<Updated, Error> {
        let resource_type = self.resource_type;
        let prepared = self.prepare(session, options)?;
        let resource = commit(session, resource_type, session.ports.clock.now(), prepared)?;
        Ok(Updated { resource, known_as: None })
    }

    /// Performs all checks that are possible before the commit. Nothing has been committed yet.
    pub(in crate::service) fn prepare(
        self,
        session: &Session<'_>,
        options: &Options,
    ) -> Result<Prepared, Error> {
        let Self { resource_type, before, mut content, changes, state, step } = self;
        size::check(Some(&before.content), &content)?;
        settle_secrets(session, resource_type, Some(&before.content), &mut content)?;
        let life = UserLifecycle::of(session, resource_type);
        if let Some(life) = &life {
            life.settle(Some(&before.content), &mut content, step)?;
        }
        check::still_required(resource_type, &content)?;
        check_visible(session, resource_type, Some(&before.content), &content)?;
        let key = before.key.clone();
        let (links, related) =
            link_writes::writes(session, resource_type, &key, &changes, &OrderedSet::new())?;
        let mut attributes = differing(resource_type, &before.content, &content);
        let mut resource = Resource { content, state, ..before.clone() };
        let replaces = !attributes.is_empty() || resource.state != before.state;
        attributes.extend(related);
        let mut writes = Vec::new();
        if !replaces && attributes.is_empty() {
            return Ok(Prepared { resource, writes });
        }
        let mut brought = lifecycle::membership(session, resource_type, &key, &links)?;
        if let Some(life) = life.filter(|_| replaces) {
            brought.extend(life.changed(&before, &mut resource)?);
        }
        if replaces {
            let draft = resource.draft(resource_type)?;
            // A resource that was already too large may still become smaller.
            if draft.body.len() > limits::RESOURCE_BYTES {
                check_size(&draft, before.body(&before.content)?.len())?;
            }
            writes.push(Write::replace(draft, before.version));
        } else if options.conditions.are_given() || changes.values().any(|c| c.cleared) {
            // Two concurrent replacements of links must not be combined.
            writes.push(Write::expect(key.clone(), before.version));
        }
        // If only links change, concurrent requests may change others.
        let version = (!writes.is_empty()).then(|| before.version.saturating_add(1));
        writes.extend(links);
        writes.push(event::notice(step, &key, &attributes, version));
        writes.extend(brought);
        Ok(Prepared { resource, writes })
    }
}

/// Commits a change at this time, or at a later one if the store has events of that time. Returns
/// the resource after the change.
pub(in crate::service) fn commit(
    session: &Session<'_>,
    resource_type: &ResourceType,
    at: u64,
    prepared: Prepared,
) -> Result<Resource, Error> {
    let Prepared { resource, writes } = prepared;
    if writes.is_empty() {
        return Ok(resource);
    }
    let Committed { at, versions } =
        session.commit(at, writes).map_err(|refusal| conflict(resource_type, refusal))?;
    let mut versions = versions.into_iter();
    let version = versions.find(|(changed, _)| *changed == resource.key);
    Ok(match version {
        Some((_, version)) => Resource {
            version,
            created: if version == 1 { at } else { resource.created },
            modified: at,
            ..resource
        },
        None => resource,
    })
}

/// Refuses a resource that is larger than allowed and larger than before.
pub(in crate::service) fn check_size(draft: &Draft, before: usize) -> Result<(), Error> {
    let limit = limits::RESOURCE_BYTES;
    if draft.body.len() <= limit.max(before) {
        return Ok(());
    }
    let detail = format!("a resource may have at most {limit} bytes");
    Err(Error::new(ErrorKind::PayloadTooLarge, detail))
}

/// Refuses unique texts that readers cannot tell from others, if the profile says so; unchanged
/// ones are not checked again.
///
/// # Errors
/// `invalidValue` that names the attribute.
pub(in crate::service) fn check_visible(
    session: &Session<'_>,
    resource_type: &ResourceType,
    before: Option<&Content>,
    content: &Content,
) -> Result<(), Error> {
    if session.admission.policy.attributes.invisible_characters == Invisible::Allow {
        return Ok(());
    }
    let invisible = |(_, value): &(_, &str)| text::has_invisible(value);
    let mut found = index::unique_texts(resource_type, content);
    found.retain(invisible);
    if found.is_empty() {
        return Ok(());
    }
    let known = before.map(|before| index::unique_texts(resource_type, before));
    match found.iter().find(|text| !known.iter().flatten().any(|known| known == *text)) {
        None => Ok(()),
        Some((path, _)) => {
            let detail =
                format!("`{path}` has white space at an end, or characters that are not seen");
            Err(Error::new(ErrorKind::InvalidValue, detail))
        }
    }
}

/// Converts the secrets of a content to the form that the profile requires.
pub(in crate::service) fn settle_secrets(
    session: &Session<'_>,
    resource_type: &ResourceType,
    before: Option<&Content>,
    content: &mut Content,
) -> Result<(), Error> {
    let secrets = session.admission.policy.secrets;
    secret::settle(&session.ports, secrets, resource_type, before, content)
}

/// Maps a unique value that is in use to 409 (RFC 7644 section 3.3).
pub(in crate::service) fn conflict(resource_type: &ResourceType, refusal: Refusal) -> Error {
    match refusal {
        // A concurrent request created the link or used the id.
        Refusal::Taken(path)
            if path == "id"
                || resource_type.definition.relations.iter().any(|r| r.attribute == *path) =>
        {
            Error::contended()
        }
        Refusal::OverCeiling(counter) => {
            let detail = match counter.strip_prefix(lifecycle::COUNTER) {
                Some(kind) => format!("no seat of the type `{kind}` is left"),
                None => "no seat is left".to_owned(),
            };
            Error::new(ErrorKind::Forbidden, detail)
        }
        Refusal::Taken(path) => {
            let detail = format!("a {} with this `{path}` exists already", resource_type.name());
            Error::new(ErrorKind::Uniqueness, detail)
        }
        other => other.into(),
    }
}

/// Returns the paths of the attributes that differ; those of extensions with their URI.
pub(in crate::service) fn differing(
    resource_type: &ResourceType,
    before: &Content,
    after: &Content,
) -> Vec<String> {
    let mut paths =
        names_differing(before, after, |name| resource_type.extension(name).is_none(), "");
    for (extension, _) in resource_type.extensions() {
        let empty = Content::new();
        let inner = |content: &Content| {
            content.get(&extension.id).and_then(Value::as_object).unwrap_or(&empty).clone()
        };
        let prefix = format!("{}:", extension.id);
        paths.extend(names_differing(&inner(before), &inner(after), |_| true, &prefix));
    }
    paths
}

/// Returns the names of the relevant members that differ.
pub(in crate::service) fn names_differing(
    before: &Content,
    after: &Content,
    counts: impl Fn(&str) -> bool,
    prefix: &str,
) -> Vec<String> {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let changed = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
    let names = gone.chain(changed.map(|(name, _)| name));
    names.filter(|name| counts(name)).map(|name| format!("{prefix}{name}")).collect()
}
