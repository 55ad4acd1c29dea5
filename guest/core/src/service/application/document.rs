//! Resources as `admin` shows them, before a commit: without relations, and of roles only the
//! user's own ones.

use serde_json::Value;

use crate::ordered::OrderedSet;
use crate::profile::Policy;
use crate::projection::Projection;
use crate::resource::Resource;
use crate::resource_type::ResourceType;
use crate::schema::Content;
use crate::service::product_view;

/// Returns the document. That of a resource `after` the commit has no version and no time of its
/// last change, which the commit determines.
pub(super) fn document(
    policy: &Policy,
    resource_type: &ResourceType,
    resource: &Resource,
    after: bool,
) -> String {
    let mut shown = resource.clone().shown(resource_type, "", Content::new());
    Projection::default().apply(resource_type, &mut shown);
    if let Some(Value::Object(meta)) = shown.get_mut("meta").filter(|_| after) {
        meta.remove("version");
        meta.remove("lastModified");
    }
    let mut shown = Value::Object(shown);
    let view = product_view::view(policy, resource_type, resource, &shown, OrderedSet::new());
    if let Value::Object(shown) = &mut shown {
        shown.insert(product_view::PRODUCT.to_owned(), view.into());
    }
    shown.to_string()
}
