//! The discovery endpoints: RFC 7644 section 4, RFC 7643 sections 5 to 7.

use serde_json::{Value, json};

use super::Session;
use crate::error::Error;
use crate::profile::{Credentials, PagingLimits, Policy, Scheme, Secrets};
use crate::resource_type::ResourceType;
use crate::schema::{Mutability, Schema};
use crate::{limits, urn};

/// Returns the ServiceProviderConfig.
#[must_use]
pub fn service_provider_config(session: &Session<'_>) -> Value {
    let policy = &session.admission.policy;
    let mut config = json!({
        "schemas": [urn::SERVICE_PROVIDER_CONFIG],
        "patch": {"supported": true},
        "bulk": {
            "supported": true,
            "maxOperations": limits::BULK_OPERATIONS,
            "maxPayloadSize": limits::BULK_BYTES,
        },
        "filter": {"supported": true, "maxResults": policy.paging.max_size},
        "changePassword": {"supported": policy.secrets == Secrets::Hash},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "authenticationSchemes": authentication(&policy.credentials),
        "meta": meta(session, "ServiceProviderConfig", "/ServiceProviderConfig"),
    });
    if let (true, Some(members)) = (policy.paging.cursor, config.as_object_mut()) {
        members.insert("pagination".into(), pagination(policy.paging));
    }
    config
}

/// Returns `pagination` (RFC 9865 section 4) for a service that offers cursors. Others omit it,
/// since some clients fail on members that they do not know.
fn pagination(paging: PagingLimits) -> Value {
    json!({
        "cursor": true,
        "index": true,
        "defaultPaginationMethod": "index",
        "defaultPageSize": paging.default_size,
        "maxPageSize": paging.max_size,
        "cursorTimeout": limits::CURSOR_SECONDS,
    })
}

/// Returns the schemes that the profile allows, the preferred one first (RFC 7643 section 5).
fn authentication(credentials: &Credentials) -> Value {
    let schemes = credentials.schemes.iter().enumerate();
    let schemes = schemes.map(|(rank, scheme)| {
        let (of_type, name, description, uri) = match scheme {
            Scheme::Bearer => (
                "oauthbearertoken",
                "OAuth Bearer Token",
                "A bearer token that the service's administrator has made",
                "https://www.rfc-editor.org/rfc/rfc6750",
            ),
            Scheme::Basic => (
                "httpbasic",
                "HTTP Basic",
                "A user name and a password that the service's administrator has made",
                "https://www.rfc-editor.org/rfc/rfc7617",
            ),
        };
        json!({
            "type": of_type,
            "name": name,
            "description": description,
            "specUri": uri,
            "primary": rank == 0,
        })
    });
    schemes.collect()
}

/// Returns all resource types.
#[must_use]
pub fn resource_types(session: &Session<'_>) -> Value {
    let types = session.admission.policy.registry.types();
    list(types.iter().map(|resource_type| resource_type_document(session, resource_type)).collect())
}

/// Returns the resource type of this name.
///
/// # Errors
/// 404 if there is none.
pub fn resource_type(session: &Session<'_>, name: &str) -> Result<Value, Error> {
    let found = session.admission.policy.registry.named(name);
    let found = found.ok_or_else(|| Error::no_such("resource type", name))?;
    Ok(resource_type_document(session, found))
}

/// Returns all schemas.
#[must_use]
pub fn schemas(session: &Session<'_>) -> Value {
    let schemas = session.admission.policy.registry.shown();
    list(schemas.iter().map(|schema| schema_document(session, schema)).collect())
}

/// Returns the schema of this URI.
///
/// # Errors
/// 404 if there is none.
pub fn schema(session: &Session<'_>, uri: &str) -> Result<Value, Error> {
    let schemas = session.admission.policy.registry.shown();
    let found = schemas.iter().find(|schema| urn::same(&schema.id, uri));
    Ok(schema_document(session, found.ok_or_else(|| Error::no_such("schema", uri))?))
}

fn resource_type_document(session: &Session<'_>, resource_type: &ResourceType) -> Value {
    let definition = &resource_type.definition;
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
    let schema = as_ruled(&session.admission.policy, schema);
    json!({
        "schemas": [urn::SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes,
        "meta": meta(session, "Schema", &format!("/Schemas/{}", schema.id)),
    })
}

/// Returns the schema with the mutability that the profile sets for users' attributes.
fn as_ruled(policy: &Policy, schema: &Schema) -> Schema {
    let mut schema = schema.clone();
    let users = policy.users.as_ref();
    let resource_type = users.and_then(|users| policy.registry.named(&users.resource_type));
    let is_theirs = resource_type
        .is_some_and(|resource_type| resource_type.schemas().any(|own| own.id == schema.id));
    if !is_theirs || policy.attributes.mutability.is_empty() {
        return schema;
    }
    let is_core = resource_type.is_some_and(|resource_type| resource_type.core().id == schema.id);
    let prefix = if is_core { String::new() } else { format!("{}:", schema.id) };
    for attribute in &mut schema.attributes {
        let path = format!("{prefix}{}", attribute.name);
        let rules = &policy.attributes;
        let rule = rules.mutability(&path, None).filter(|_| !rules.names_parts_of(&path));
        attribute.mutability = ruled(attribute.mutability, rule);
        for sub in &mut attribute.sub_attributes {
            let rule = rules.mutability(&path, Some(sub.name.as_str()));
            sub.mutability = ruled(sub.mutability, rule);
        }
    }
    schema
}

/// Combines a schema's mutability with a profile's rule, which can only restrict it.
fn ruled(own: Mutability, rule: Option<Mutability>) -> Mutability {
    match (own, rule) {
        (Mutability::ReadWrite, Some(rule @ (Mutability::ReadOnly | Mutability::Immutable))) => {
            rule
        }
        _ => own,
    }
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
