//! The exported interface `provider`.

use crate::Component;
use crate::bindings::exports::scimlet::plugin::provider::{
    Admitted, Guest as Provider, Origin, Request, Response,
};
use crate::convert::{lift, lower};
use crate::ports::ports;

impl Provider for Component {
    fn prepare() {
        scimlet_core::prepare();
    }

    fn tenant_of(headers: Vec<(String, String)>) -> Option<String> {
        scimlet_core::tenant_of(&headers)
    }

    fn handle(origin: Origin, request: Request) -> Response {
        let (origin, request) = (lift::origin(origin), lift::request(request));
        lower::response(scimlet_core::handle(&ports(), &origin, &request))
    }

    fn authorize(
        origin: Origin,
        headers: Vec<(String, String)>,
        scope: Option<String>,
    ) -> Result<Admitted, Response> {
        let origin = lift::origin(origin);
        scimlet_core::authorize(&ports(), &origin, &headers, scope.as_deref())
            .map(lower::admitted)
            .map_err(lower::response)
    }
}
