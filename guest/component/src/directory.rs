//! The exported interface `directory`: users and groups that the application changes. Compiled by
//! the shells whose world has it.

use scimlet_core::service::admin;

use crate::Component;
use crate::admin::problem;
use crate::bindings::exports::scimlet::plugin::directory::{Guest as Directory, Problem};
use crate::ports::ports;

impl Directory for Component {
    fn create_user(user: String, product_id: Option<String>) -> Result<String, Problem> {
        admin::create_user(&ports(), &user, product_id.as_deref()).map_err(problem)
    }

    fn patch_user(id: String, patch: String) -> Result<(), Problem> {
        admin::patch_user(&ports(), &id, &patch).map_err(problem)
    }

    fn create_group(group: String, product_id: Option<String>) -> Result<String, Problem> {
        admin::create_group(&ports(), &group, product_id.as_deref()).map_err(problem)
    }

    fn patch_group(id: String, patch: String) -> Result<(), Problem> {
        admin::patch_group(&ports(), &id, &patch).map_err(problem)
    }

    fn delete_group(id: String) -> Result<(), Problem> {
        admin::delete_group(&ports(), &id).map_err(problem)
    }

    fn group(id: String) -> Result<String, Problem> {
        admin::group(&ports(), &id).map_err(problem)
    }

    fn set_product_id(
        resource_type: String,
        id: String,
        product_id: Option<String>,
    ) -> Result<(), Problem> {
        let product_id = product_id.as_deref();
        admin::set_product_id(&ports(), &resource_type, &id, product_id).map_err(problem)
    }

    fn find_by_product_id(resource_type: String, product_id: String) -> Result<String, Problem> {
        admin::find_by_product_id(&ports(), &resource_type, &product_id).map_err(problem)
    }
}
