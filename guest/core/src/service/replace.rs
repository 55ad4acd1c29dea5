//! PUT: RFC 7644 section 3.5.1.

use serde_json::Value;

use super::update::{self, Update};
use super::{Options, Session, Shown};
use crate::dialect::Sent;
use crate::error::{Error, ErrorKind};
use crate::mutability;
use crate::relation::{self, Change};
use crate::resource_type::ResourceType;
use crate::schema::{Checker, check};

/// Replaces a resource and returns it. What the body leaves out goes, relations included.
pub fn replace(
    session: &Session<'_>,
    of: &ResourceType,
    id: &str,
    mut body: Value,
    options: &Options,
) -> Result<Shown, Error> {
    let before = session.load(of, id)?;
    update::precondition(options, &before)?;
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
    mutability::keep_immutable(of, &before.content, &mut content)?;
    let mut changes = relation::take(of, &mut content)?;
    for relation in &of.definition.relations {
        let nothing = || Change::to_exactly(Vec::new());
        changes
            .entry(relation.attribute.as_str().to_owned())
            .or_insert_with(nothing);
    }
    let update = Update {
        of,
        before,
        content,
        changes,
        step: "put",
    };
    let after = update.commit(session, options)?;
    update::show(session, of, &after, &options.projection)
}
