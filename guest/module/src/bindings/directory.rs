//! `wit/directory.wit`.

pub use super::admin::Problem;
use super::functions::interface;

interface! {
    "create-user" create_user(
        user: String,
        product_id: Option<String>
    ) -> Result<String, Problem>;
    "patch-user" patch_user(id: String, patch: String) -> Result<(), Problem>;
    "create-group" create_group(
        group: String,
        product_id: Option<String>
    ) -> Result<String, Problem>;
    "patch-group" patch_group(id: String, patch: String) -> Result<(), Problem>;
    "delete-group" delete_group(id: String) -> Result<(), Problem>;
    "group" group(id: String) -> Result<String, Problem>;
    "set-product-id" set_product_id(
        resource_type: String,
        id: String,
        product_id: Option<String>
    ) -> Result<(), Problem>;
    "find-by-product-id" find_by_product_id(
        resource_type: String,
        product_id: String
    ) -> Result<String, Problem>;
}
