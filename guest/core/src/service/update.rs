//! What POST, PUT and PATCH share: from a body to a content, and from an old and a new content to one commit, or to none.

use std::collections::BTreeSet;

use serde_json::Value;

use super::session::{self, Session};
use super::{Options, Shown, linking, related};
use crate::dialect::Sent;
use crate::error::{Error, ErrorKind};
use crate::etag;
use crate::index;
use crate::projection::Projection;
use crate::relation::{self, Changes};
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::schema::{Checker, Content, check};
use crate::secret;
use crate::store::{Draft, Refusal, Write};

/// What a POST or PUT asks for: the content, and the relations as changes.
pub(super) fn received(
    session: &Session<'_>,
    of: &ResourceType,
    mut body: Value,
) -> Result<(Content, Changes), Error> {
    session.rewrite(Sent {
        of,
        is_patch: false,
        body: &mut body,
    });
    let Value::Object(body) = body else {
        return Err(Error::new(
            ErrorKind::InvalidSyntax,
            "the body must be an object",
        ));
    };
    check::schemas(of, &body)?;
    let mut checker = Checker::default();
    let mut content = checker.resource(of, body)?;
    session.note_ignored(of, &checker.ignored);
    let changes = relation::take(of, &mut content)?;
    Ok((content, changes))
}

/// A change of a resource that was read as `before`.
pub(super) struct Update<'a> {
    pub(super) of: &'a ResourceType,
    pub(super) before: Resource,
    pub(super) content: Content,
    pub(super) changes: Changes,
    /// The part of the event's name: `put` or `patch`.
    pub(super) step: &'a str,
}

impl Update<'_> {
    /// Checks and commits; without a difference there is no commit, no new version and no event. Returns the resource as it is now.
    pub(super) fn commit(
        self,
        session: &Session<'_>,
        options: &Options,
    ) -> Result<Resource, Error> {
        let Self {
            of,
            before,
            mut content,
            changes,
            step,
        } = self;
        settle_secrets(session, of, Some(&before.content), &mut content)?;
        check::still_required(of, &content)?;
        let key = before.key.clone();
        let (links, related) = linking::writes(session, of, &key, &changes, &BTreeSet::new())?;
        let mut attributes = differing(of, &before.content, &content);
        let same_content = attributes.is_empty();
        attributes.extend(related);
        if attributes.is_empty() {
            return Ok(before);
        }
        let mut writes = Vec::new();
        if !same_content {
            writes.push(Write::Replace(
                draft(of, &before, &content)?,
                before.version,
            ));
        } else if options.conditions.are_given() || changes.values().any(|c| c.cleared) {
            // Two replacements of links at once must not add up.
            writes.push(Write::Expect(key.clone(), before.version));
        }
        writes.extend(links);
        writes.push(session::event(&format!("{step}:notice"), &key, &attributes));
        let at = session.ports.clock.now();
        let versions = session
            .commit(at, writes)
            .map_err(|refusal| conflict(of, refusal))?;
        let version = versions.into_iter().find(|(changed, _)| *changed == key);
        let version = version.map_or(before.version, |(_, version)| version);
        Ok(Resource {
            version,
            modified: at,
            content,
            ..before
        })
    }
}

/// The resource as a client may see it now.
pub(super) fn show(
    session: &Session<'_>,
    of: &ResourceType,
    resource: &Resource,
    projection: &Projection,
) -> Result<Shown, Error> {
    let computed = related::shown(session, of, std::slice::from_ref(resource), projection)?;
    let computed = computed.into_iter().next().unwrap_or_default();
    let mut shown = resource.shown(of, &session.origin.base_url, computed);
    projection.apply(of, &mut shown);
    Ok(Shown {
        resource: Some(shown),
        ..unshown(session, of, resource)
    })
}

/// The resource after a change; one that is too large to be shown is changed all the same.
pub(super) fn show_changed(
    session: &Session<'_>,
    of: &ResourceType,
    resource: &Resource,
    projection: &Projection,
) -> Result<Shown, Error> {
    match show(session, of, resource, projection) {
        Err(error) if error.kind == ErrorKind::TooMany => Ok(unshown(session, of, resource)),
        shown => shown,
    }
}

/// Where the resource is, and in which version.
pub(super) fn unshown(session: &Session<'_>, of: &ResourceType, resource: &Resource) -> Shown {
    Shown {
        resource: None,
        location: resource.location(of, &session.origin.base_url),
        etag: etag::format(resource.version),
    }
}

/// The entry of a content.
pub(super) fn draft(of: &ResourceType, at: &Resource, content: &Content) -> Result<Draft, Error> {
    let terms = index::terms(of, content).map_err(|too_long| {
        let detail = format!("`{}` is too long", too_long.path);
        Error::new(ErrorKind::InvalidValue, detail)
    })?;
    let body =
        serde_json::to_string(content).map_err(|error| Error::internal(error.to_string()))?;
    Ok(Draft {
        key: at.key.clone(),
        body,
        terms,
    })
}

/// Has the secrets of a content kept as the profile says.
pub(super) fn settle_secrets(
    session: &Session<'_>,
    of: &ResourceType,
    before: Option<&Content>,
    content: &mut Content,
) -> Result<(), Error> {
    let secrets = session.admission.policy.secrets;
    secret::settle(&session.ports, secrets, of, before, content)
}

/// A unique value that is in use is 409 (RFC 7644 section 3.3).
pub(super) fn conflict(of: &ResourceType, refusal: Refusal) -> Error {
    match refusal {
        // A link or an id, because somebody was faster.
        Refusal::Taken(path)
            if path == "id" || of.definition.relations.iter().any(|r| r.attribute == *path) =>
        {
            Error::new(
                ErrorKind::Stale,
                "the resource is being changed by others; try again",
            )
        }
        Refusal::Taken(path) => {
            let detail = format!("a {} with this `{path}` exists already", of.name());
            Error::new(ErrorKind::Uniqueness, detail)
        }
        other => other.into(),
    }
}

/// The paths of the attributes that differ, extensions' with their URI.
fn differing(of: &ResourceType, before: &Content, after: &Content) -> Vec<String> {
    let mut paths = names_differing(before, after, |name| of.extension(name).is_none(), "");
    for (extension, _) in of.extensions() {
        let empty = Content::new();
        let inner = |content: &Content| {
            content
                .get(&extension.id)
                .and_then(Value::as_object)
                .unwrap_or(&empty)
                .clone()
        };
        let prefix = format!("{}:", extension.id);
        paths.extend(names_differing(
            &inner(before),
            &inner(after),
            |_| true,
            &prefix,
        ));
    }
    paths
}

fn names_differing(
    before: &Content,
    after: &Content,
    counts: impl Fn(&str) -> bool,
    prefix: &str,
) -> Vec<String> {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let changed = after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value));
    let names = gone.chain(changed.map(|(name, _)| name));
    names
        .filter(|name| counts(name))
        .map(|name| format!("{prefix}{name}"))
        .collect()
}
