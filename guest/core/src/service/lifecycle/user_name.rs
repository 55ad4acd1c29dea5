//! The names of users: an e-mail address if the profile says so, and how changes of a name are
//! handled.

use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::index;
use crate::limits;
use crate::name::AttributeName;
use crate::ordered;
use crate::profile::Users;
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::service::write::links;
use crate::service::{Session, find_all};
use crate::store::{Direction, Key, Node, Operator, Term};
use crate::text;

/// A user that a changed userName created.
pub(in crate::service) struct Fork(pub(in crate::service) Resource);

/// Checks that a name is an e-mail address, if the profile requires that. A name that is unchanged
/// is not checked again.
pub(super) fn check(
    users: &Users,
    before: Option<&Content>,
    content: &Content,
) -> Result<(), Error> {
    let name = users.user_name.attribute.as_str();
    let given = content.get(name);
    if !users.user_name.email || before.is_some_and(|before| before.get(name) == given) {
        return Ok(());
    }
    let is_address =
        given.and_then(Value::as_str).is_some_and(email_address::EmailAddress::is_valid);
    if is_address {
        return Ok(());
    }
    let detail = format!("`{name}` has to be an e-mail address");
    Err(Error::new(ErrorKind::InvalidValue, detail))
}

/// Returns whether two names differ according to the rule that keeps names unique.
pub(in crate::service) fn differs(
    resource_type: &ResourceType,
    users: &Users,
    before: &Content,
    after: &Content,
) -> bool {
    let name = users.user_name.attribute.as_str();
    known_by(resource_type, name, before) != known_by(resource_type, name, after)
}

/// Returns a name in the form in which equal names are equal texts.
fn known_by(resource_type: &ResourceType, name: &str, content: &Content) -> Option<String> {
    let text = content.get(name)?.as_str()?;
    let exact = resource_type.attribute(name).is_some_and(|attribute| attribute.case_exact);
    Some(if exact { text.to_owned() } else { text::fold(text) })
}

/// Returns the users that changed userNames created from this one, in the order of their creation.
pub(in crate::service) fn forks(session: &Session<'_>, key: &Key) -> Result<Vec<Fork>, Error> {
    let anchor = std::slice::from_ref(key);
    let limit = limits::LINKS_PER_RESPONSE;
    let ends = links::all(session, anchor, links::FORKED_FROM, Direction::Incoming, limit)?;
    let keys = ends.into_iter().flatten().flatten().collect::<Vec<_>>();
    let entries = session.entries(&keys)?.into_iter().flatten();
    entries.map(|entry| Resource::from_entry(entry).map(Fork)).collect()
}

/// Returns the resources of a type, stored under this kind, whose attribute, a single text, equals
/// this value by the attribute's case rule, in the order of creation.
pub(in crate::service) fn having(
    session: &Session<'_>,
    resource_type: &ResourceType,
    kind: &str,
    attribute: &AttributeName,
    value: &Value,
) -> Result<Vec<Resource>, Error> {
    let name = attribute.as_str();
    let wanted = ordered::object([(name.to_owned(), value.clone())]);
    let terms = index::terms(resource_type, &wanted).unwrap_or_default();
    let known = session.admission.index.complete(resource_type.name());
    let term = terms.into_iter().find(|term| term.path == name);
    let filter = term.filter(|term| known.contains(&term.path)).map(compared);
    let bound = limits::SCAN_ENTRIES;
    let entries = find_all::find_all(&session.ports, kind, filter.as_slice(), bound)?;
    let is_wanted = |resource: &Resource| {
        known_by(resource_type, name, &resource.content) == known_by(resource_type, name, &wanted)
    };
    let mut found = Vec::new();
    for entry in entries {
        let resource = Resource::from_entry(entry)?;
        found.extend(Some(resource).filter(is_wanted));
    }
    Ok(found)
}

fn compared(term: Term) -> Node {
    Node::compare(term.path, Operator::Equal, term.value)
}
