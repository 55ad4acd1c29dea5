//! The exported interface `provider`.

use scimlet_core::port::Level;

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
        report_panics();
        let (origin, request) = (lift::origin(origin), lift::request(request));
        lower::response(scimlet_core::handle(&ports(), &origin, &request))
    }

    fn authorize(
        origin: Origin,
        headers: Vec<(String, String)>,
        scope: Option<String>,
    ) -> Result<Admitted, Response> {
        report_panics();
        let origin = lift::origin(origin);
        scimlet_core::authorize(&ports(), &origin, &headers, scope.as_deref())
            .map(lower::admitted)
            .map_err(lower::response)
    }
}

/// Reports a panic in the journal: it is a bug and ends the instance, and the trap itself has no
/// message.
fn report_panics() {
    std::panic::set_hook(Box::new(|info| {
        let note = lower::note(Level::Error, "panic", &info.to_string());
        crate::bindings::scimlet::plugin::journal::write(&note);
    }));
}
