//! `wit/provider.wit`.

use super::functions::interface;
pub use super::http::{Admitted, Origin, Request, Response};

interface! {
    "prepare" prepare();
    "tenant-of" tenant_of(headers: Vec<(String, String)>) -> Option<String>;
    "handle" handle(origin: Origin, request: Request) -> Response;
    "authorize" authorize(
        origin: Origin,
        headers: Vec<(String, String)>,
        scope: Option<String>
    ) -> Result<Admitted, Response>;
}
