//! What the service says of itself: RFC 7644 section 4, RFC 7643 sections 5 to 7.

use serde_json::{Value, json};

use super::Session;
use crate::error::{Error, ErrorKind};
use crate::profile::Secrets;
use crate::resource_type::ResourceType;
use crate::schema::Schema;
use crate::{limits, urn};

/// The ServiceProviderConfig.
#[must_use]
pub fn service_provider_config(session: &Session<'_>) -> Value {
    json!({
        "schemas": [urn::SERVICE_PROVIDER_CONFIG],
        "patch": {"supported": true},
        "bulk": {
            "supported": true,
            "maxOperations": limits::BULK_OPERATIONS,
            "maxPayloadSize": limits::BULK_BYTES,
        },
        "filter": {"supported": true, "maxResults": limits::PAGE_MAX},
        "changePassword": {"supported": session.admission.policy.secrets == Secrets::Hash},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "pagination": pagination(),
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "A bearer token that the service's administrator has made",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": meta(session, "ServiceProviderConfig", "/ServiceProviderConfig"),
    })
}

/// RFC 9865 section 4.
fn pagination() -> Value {
    json!({
        "cursor": true,
        "index": true,
        "defaultPaginationMethod": "index",
        "defaultPageSize": limits::PAGE_DEFAULT,
        "maxPageSize": limits::PAGE_MAX,
        "cursorTimeout": limits::CURSOR_SECONDS,
    })
}

/// All resource types.
#[must_use]
pub fn resource_types(session: &Session<'_>) -> Value {
    let types = session.admission.policy.registry.types();
    list(
        types
            .iter()
            .map(|of| resource_type_document(session, of))
            .collect(),
    )
}

/// The resource type of this name.
pub fn resource_type(session: &Session<'_>, name: &str) -> Result<Value, Error> {
    let found = session.admission.policy.registry.named(name);
    let found = found.ok_or_else(|| none("resource type", name))?;
    Ok(resource_type_document(session, found))
}

/// All schemas.
#[must_use]
pub fn schemas(session: &Session<'_>) -> Value {
    let schemas = session.admission.policy.registry.shown();
    list(
        schemas
            .iter()
            .map(|schema| schema_document(session, schema))
            .collect(),
    )
}

/// The schema of this URI.
pub fn schema(session: &Session<'_>, uri: &str) -> Result<Value, Error> {
    let schemas = session.admission.policy.registry.shown();
    let found = schemas.iter().find(|schema| urn::same(&schema.id, uri));
    Ok(schema_document(
        session,
        found.ok_or_else(|| none("schema", uri))?,
    ))
}

fn resource_type_document(session: &Session<'_>, of: &ResourceType) -> Value {
    let definition = &of.definition;
    json!({
        "schemas": [urn::RESOURCE_TYPE],
        "id": definition.name,
        "name": definition.name,
        "description": definition.description,
        "endpoint": definition.endpoint,
        "schema": definition.schema,
        "schemaExtensions": definition.schema_extensions,
        "meta": meta(session, "ResourceType", &format!("/ResourceTypes/{}", definition.name)),
    })
}

fn schema_document(session: &Session<'_>, schema: &Schema) -> Value {
    json!({
        "schemas": [urn::SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes,
        "meta": meta(session, "Schema", &format!("/Schemas/{}", schema.id)),
    })
}

fn meta(session: &Session<'_>, resource_type: &str, path: &str) -> Value {
    let location = format!("{}{path}", session.origin.base_url);
    json!({"resourceType": resource_type, "location": location})
}

fn list(documents: Vec<Value>) -> Value {
    json!({
        "schemas": [urn::LIST_RESPONSE],
        "totalResults": documents.len(),
        "startIndex": 1,
        "itemsPerPage": documents.len(),
        "Resources": documents,
    })
}

fn none(what: &str, name: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("there is no {what} `{name}`"))
}
