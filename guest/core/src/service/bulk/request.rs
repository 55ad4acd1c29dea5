//! The body of a bulk request: RFC 7644 section 3.7.

use serde_json::{Map, Value};

use super::bulk_id;
use super::target::Target;
use crate::error::{Error, ErrorKind};
use crate::etag::Condition;
use crate::json::member;
use crate::ordered::OrderedSet;
use crate::patch::{NO_OPERATION, NO_OPERATIONS_ARRAY, OPERATION_IS_NO_OBJECT};
use crate::registry::Registry;
use crate::service::write::audit::Attempt;
use crate::sorted_map::SortedMap;
use crate::{limits, urn};

/// A parsed bulk request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BulkRequest {
    /// The number of errors after which no further operation is performed.
    pub(super) fail_on_errors: usize,
    /// The operations in the order of the request.
    pub(super) operations: Vec<BulkOperation>,
}

/// One operation, with the members that the response repeats.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BulkOperation {
    /// The method as sent.
    pub(super) method: Option<String>,
    /// The `bulkId` as sent, which names the resource that a POST creates.
    pub(super) bulk_id: Option<String>,
    /// The path as sent.
    pub(super) path: Option<String>,
    /// The action, or an error of the operation itself that does not depend on others.
    pub(super) action: Result<BulkAction, Error>,
}

/// The action of an operation.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct BulkAction {
    pub(super) method: Method,
    pub(super) target: Target,
    /// The required version of the resource, as in an If-Match header.
    pub(super) version: Option<Condition>,
    /// The body of the equivalent single request.
    pub(super) data: Value,
    /// The `bulkId`s in target and data, which name resources that other operations create.
    pub(super) references: OrderedSet<String>,
}

/// The methods of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Post,
    Put,
    Patch,
    Delete,
}

impl BulkRequest {
    /// Parses a body.
    ///
    /// # Errors
    /// If the request as a whole is malformed or too large.
    pub(super) fn parse(body: Value) -> Result<Self, Error> {
        let Value::Object(mut body) = body else {
            return Err(Error::not_an_object());
        };
        check_schemas(&body)?;
        let fail_on_errors = fail_on_errors(&body)?;
        let Some(Value::Array(operations)) = taken(&mut body, "Operations") else {
            return Err(syntax(NO_OPERATIONS_ARRAY));
        };
        check_size(operations.len())?;
        let mut operations: Vec<BulkOperation> =
            operations.into_iter().map(BulkOperation::parse).collect();
        refuse_duplicates(&mut operations);
        refuse_unknown(&mut operations);
        Ok(Self { fail_on_errors, operations })
    }
}

impl BulkOperation {
    fn parse(value: Value) -> Self {
        let Value::Object(mut members) = value else {
            return Self {
                method: None,
                bulk_id: None,
                path: None,
                action: Err(syntax(OPERATION_IS_NO_OBJECT)),
            };
        };
        let text = |name| member(&members, name)?.as_str().map(ToOwned::to_owned);
        Self {
            method: text("method"),
            bulk_id: text("bulkId"),
            path: text("path"),
            action: BulkAction::parse(&mut members),
        }
    }

    /// Describes the attempted operation for the audit.
    pub(super) fn attempt(&self, registry: &Registry) -> Attempt<'_> {
        let method = self.method.as_deref().unwrap_or_default();
        let target = self.path.as_deref().map(Target::parse).unwrap_or_default();
        let data = self.action.as_ref().ok().map(|action| &action.data);
        match (target.resource(registry), target.resource_type(registry)) {
            (Ok((resource_type, id)), _) => Attempt::on(method, resource_type, Some(id), data),
            (_, Ok(resource_type)) => Attempt::on(method, resource_type, None, data),
            _ => Attempt { method, ..Attempt::default() },
        }
    }

    /// Returns the `bulkId` by which others may refer to the resource that this operation creates.
    pub(super) fn creates(&self) -> Option<&str> {
        self.bulk_id.as_deref().filter(|_| self.method.as_deref() == Some("POST"))
    }
}

impl BulkAction {
    fn parse(members: &mut Map<String, Value>) -> Result<Self, Error> {
        let method = method(required(members, "method")?)?;
        let target = Target::parse(required(members, "path")?);
        if method == Method::Post {
            required(members, "bulkId")?;
        }
        let version = optional(members, "version")?.map(Condition::parse);
        let data = match method {
            Method::Delete => Value::Null,
            _ => taken(members, "data").ok_or_else(|| Error::operation_lacks("data"))?,
        };
        let mut references = bulk_id::names(&data);
        references.extend(target.reference().map(ToOwned::to_owned));
        Ok(Self { method, target, version, data, references })
    }
}

/// Parses a method, which is case-sensitive as in HTTP.
fn method(text: &str) -> Result<Method, Error> {
    match text {
        "POST" => Ok(Method::Post),
        "PUT" => Ok(Method::Put),
        "PATCH" => Ok(Method::Patch),
        "DELETE" => Ok(Method::Delete),
        _ => Err(invalid("`method` must be POST, PUT, PATCH or DELETE")),
    }
}

fn check_schemas(body: &Map<String, Value>) -> Result<(), Error> {
    let given = member(body, "schemas").and_then(Value::as_array);
    let mut given = given.into_iter().flatten().filter_map(Value::as_str);
    if given.any(|uri| urn::same(uri, urn::BULK_REQUEST)) {
        return Ok(());
    }
    Err(Error::lacks_schema(urn::BULK_REQUEST))
}

fn check_size(operations: usize) -> Result<(), Error> {
    let limit = limits::BULK_OPERATIONS;
    if operations == 0 {
        return Err(syntax(NO_OPERATION));
    }
    if operations > limit {
        let detail =
            format!("The number of operations {operations} exceeds the maxOperations ({limit}).");
        return Err(Error::new(ErrorKind::PayloadTooLarge, detail));
    }
    Ok(())
}

/// Returns the number of errors to stop after; if absent, all operations are tried. 0 is invalid:
/// by its definition, `the number of errors that the service provider will accept before`, and its
/// example of 1, which stops after the first error, it has no meaning.
fn fail_on_errors(body: &Map<String, Value>) -> Result<usize, Error> {
    match member(body, "failOnErrors") {
        None | Some(Value::Null) => Ok(usize::MAX),
        Some(value) => {
            let number = value.as_u64().filter(|number| *number > 0);
            let number =
                number.ok_or_else(|| invalid("`failOnErrors` must be an integer from 1 on"))?;
            Ok(usize::try_from(number).unwrap_or(usize::MAX))
        }
    }
}

/// Refuses operations that share a `bulkId`, which must be unique (RFC 7644 section 3.7): it is
/// unclear which of them others refer to.
fn refuse_duplicates(operations: &mut [BulkOperation]) {
    let mut given: SortedMap<usize> = SortedMap::new();
    for name in operations.iter().filter_map(BulkOperation::creates) {
        *given.of(name, usize::default) += 1;
    }
    for operation in operations {
        let name = operation.creates().unwrap_or_default();
        if operation.action.is_ok() && given.get(name).is_some_and(|times| *times > 1) {
            let detail = format!("the `bulkId` `{name}` is given to more than one POST");
            operation.action = Err(invalid(&detail));
        }
    }
}

fn refuse_unknown(operations: &mut [BulkOperation]) {
    let created = operations.iter().filter_map(BulkOperation::creates);
    let created = OrderedSet::from_iter(created.map(ToOwned::to_owned));
    for operation in operations {
        let Ok(action) = &operation.action else {
            continue;
        };
        let unknown = action.references.difference(&created).next().cloned();
        if let Some(unknown) = unknown {
            let detail = format!("no POST of this request has the `bulkId` `{unknown}`");
            operation.action = Err(invalid(&detail));
        }
    }
}

/// Returns a member that must be a non-empty string.
fn required<'m>(members: &'m Map<String, Value>, name: &str) -> Result<&'m str, Error> {
    optional(members, name)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Error::operation_lacks(name))
}

fn optional<'m>(members: &'m Map<String, Value>, name: &str) -> Result<Option<&'m str>, Error> {
    match member(members, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::must_be(ErrorKind::InvalidValue, name, "a string")),
    }
}

fn taken(members: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let found = members.iter_mut();
    let (_, value) = found.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    Some(value.take()).filter(|value| !value.is_null())
}

fn invalid(detail: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, detail)
}

fn syntax(detail: &str) -> Error {
    Error::new(ErrorKind::InvalidSyntax, detail)
}
