//! The table: a request, and the status and the scimType of its answer.

/// A request, and the status and scimType of its answer.
pub struct Row {
    pub what: &'static str,
    /// Method and target.
    pub request: &'static str,
    /// A header beside the usual ones, empty for none.
    pub header: &'static str,
    pub body: &'static str,
    pub status: &'static str,
    /// The scimType, empty for none.
    pub kind: &'static str,
}

impl Row {
    /// Returns the method's name in table 9 of RFC 7644 and table 3 of RFC 9865: searches and bulk
    /// requests have names of their own.
    pub fn applies_to(&self) -> &'static str {
        let (method, target) = self.request.split_once(' ').unwrap_or_default();
        match method {
            _ if target.ends_with(".search") => "SEARCH",
            _ if target.ends_with("/Bulk") => "BULK",
            method => method,
        }
    }
}

const fn row(
    what: &'static str,
    request: &'static str,
    body: &'static str,
    kind: &'static str,
) -> Row {
    Row { what, request, header: "", body, status: "400", kind }
}

/// Returns a row with this status in place of 400.
const fn status(status: &'static str, row: Row) -> Row {
    Row { status, ..row }
}

const fn header(header: &'static str, row: Row) -> Row {
    Row { header, ..row }
}

/// The body of a PATCH with one operation.
macro_rules! patch {
    ($operation:literal) => {
        concat!(r#"{${Patch}, "Operations": ["#, $operation, "]}")
    };
}

const FILTER: &str = r#"{${Search}, "filter": "userName like \"a\""}"#;

#[rustfmt::skip]
pub const ROWS: [Row; 64] = [
    row("no filter", "GET /Users?filter=userName%20like%20%22a%22", "", "invalidFilter"),
    row("an operator that booleans do not know", "GET /Users?filter=active%20gt%20true",
        "", "invalidFilter"),
    row("what may not be filtered by", "GET /Users?filter=password%20eq%20%22a%22",
        "", "invalidFilter"),
    row("no filter in a search", "POST /.search", FILTER, "invalidFilter"),
    row("no filter in a search of users", "POST /Users/.search", FILTER, "invalidFilter"),
    row("an operator in a path's filter", "PATCH /Users/${ada}",
        patch!(r#"{"op": "remove", "path": "emails[primary gt true]"}"#), "invalidFilter"),
    row("more than one query may read", "GET /Users?filter=title%20eq%20%22y%22", "", "tooMany"),
    row("more than one search may read", "POST /Users/.search",
        r#"{${Search}, "filter": "title eq \"y\""}"#, "tooMany"),
    status("409", row("a name in use", "POST /Users",
        r#"{${User}, "userName": "BERT"}"#, "uniqueness")),
    status("409", row("a name in use for a replacement", "PUT /Users/${ada}",
        r#"{${User}, "userName": "bert"}"#, "uniqueness")),
    status("409", row("a name in use for a change", "PATCH /Users/${ada}",
        patch!(r#"{"op": "replace", "path": "userName", "value": "Bert"}"#), "uniqueness")),
    row("another immutable value", "PUT /Devices/${device}",
        r#"{"schemas": ["urn:example:Device"], "number": "2"}"#, "mutability"),
    row("a change of what is immutable", "PATCH /Devices/${device}",
        patch!(r#"{"op": "replace", "path": "number", "value": "2"}"#), "mutability"),
    row("a change of what is readOnly", "PATCH /Users/${ada}",
        patch!(r#"{"op": "replace", "path": "id", "value": "2"}"#), "mutability"),
    row("a removal of what is required", "PATCH /Users/${ada}",
        patch!(r#"{"op": "remove", "path": "userName"}"#), "mutability"),
    row("a search that is none", "POST /.search", r#"{${Patch}}"#, "invalidSyntax"),
    row("a user that is no object", "POST /Users", "[]", "invalidSyntax"),
    row("a user with another schema", "POST /Users",
        r#"{"schemas": ["urn:example:Device"], "userName": "x"}"#, "invalidSyntax"),
    row("no JSON", "POST /Users", r#"{${User}, "userName": "#, "invalidSyntax"),
    row("bulk without operations", "POST /Bulk", "{${Bulk}}", "invalidSyntax"),
    row("a replacement without schemas", "PUT /Users/${ada}",
        r#"{"userName": "x"}"#, "invalidSyntax"),
    row("a change without operations", "PATCH /Users/${ada}", "{${Patch}}", "invalidSyntax"),
    row("a path that is none", "PATCH /Users/${ada}",
        patch!(r#"{"op": "add", "path": "name[", "value": 1}"#), "invalidPath"),
    row("a path to nothing", "PATCH /Users/${ada}",
        patch!(r#"{"op": "add", "path": "shoeSize", "value": 1}"#), "invalidPath"),
    row("a filter that finds no value", "PATCH /Users/${ada}",
        patch!(r#"{"op": "replace", "path": "emails[value eq \"x\"].value", "value": "y"}"#),
        "noTarget"),
    row("a removal of nothing in particular", "PATCH /Users/${ada}",
        patch!(r#"{"op": "remove"}"#), "noTarget"),
    row("an index that is no number", "GET /Users?startIndex=one", "", "invalidValue"),
    row("an order that is none", "GET /Users?sortBy=userName&sortOrder=upwards",
        "", "invalidValue"),
    row("a parameter given twice", "GET /Users?count=1&count=2", "", "invalidValue"),
    row("a query that is no text", "GET /Users?filter=userName%20eq%20%22%FF%22",
        "", "invalidValue"),
    row("an order that is none in a search", "POST /.search",
        r#"{${Search}, "sortBy": "userName", "sortOrder": "up"}"#, "invalidValue"),
    row("what is required is missing", "POST /Users", "{${User}}", "invalidValue"),
    row("a value of another type", "PUT /Users/${ada}",
        r#"{${User}, "userName": "ada", "active": "yes"}"#, "invalidValue"),
    row("a value of another type in a change", "PATCH /Users/${ada}",
        patch!(r#"{"op": "add", "path": "active", "value": []}"#), "invalidValue"),
    row("another version: list", "GET /v1/Users", "", "invalidVers"),
    row("another version: read", "GET /v1/Users/${ada}", "", "invalidVers"),
    row("another version: create", "POST /v1/Users",
        r#"{${User}, "userName": "x"}"#, "invalidVers"),
    row("another version: search", "POST /v3/Users/.search", "{${Search}}", "invalidVers"),
    row("another version: bulk", "POST /v1.1/Bulk", "{${Bulk}}", "invalidVers"),
    row("another version: replace", "PUT /v1/Users/${ada}",
        r#"{${User}, "userName": "x"}"#, "invalidVers"),
    row("another version: modify", "PATCH /v1/Users/${ada}", "{${Patch}}", "invalidVers"),
    row("another version: delete", "DELETE /v1/Users/${ada}", "", "invalidVers"),
    row("no cursor", "GET /Users?cursor=next", "", "invalidCursor"),
    row("no cursor in a search", "POST /Users/.search",
        r#"{${Search}, "cursor": "next"}"#, "invalidCursor"),
    row("an old cursor", "GET /Users?cursor=${expired}&count=1", "", "expiredCursor"),
    row("an old cursor in a search", "POST /Users/.search",
        r#"{${Search}, "cursor": "${expired}", "count": 1}"#, "expiredCursor"),
    row("more than a page holds", "GET /Users?cursor=&count=100000", "", "invalidCount"),
    row("more than a page holds in a search", "POST /Users/.search",
        r#"{${Search}, "cursor": "", "count": 100000}"#, "invalidCount"),
    status("401", header("Authorization: Bearer nobody's", row("nobody", "GET /Users", "", ""))),
    status("403", row("discovery is not to be filtered", "GET /Schemas?filter=id%20pr", "", "")),
    status("404", row("nobody of this id", "GET /Users/nobody", "", "")),
    status("404", row("no such endpoint", "POST /Robots", "{}", "")),
    status("404", row("version 2 once more, where none is due", "GET /v2/Users", "", "")),
    status("405", row("not here", "DELETE /Users", "", "")),
    status("405", row("not anywhere", "TRACE /Users", "", "")),
    status("406", header("Accept: text/html, application/*;q=0",
        row("no answer would do", "GET /Users", "", ""))),
    status("412", header("If-Match: W/\"0\"",
        row("another version of the user", "DELETE /Users/${ada}", "", ""))),
    status("413", row("a body that is too large", "POST /Users",
        r#"{${User}, "userName": "${large}"}"#, "")),
    status("413", row("a bulk request that is too large", "POST /Bulk",
        r#"{${Bulk}, "x": "${large}"}"#, "")),
    status("415", header("Content-Type: text/plain", row("no JSON by name", "POST /Users",
        r#"{${User}, "userName": "x"}"#, ""))),
    status("500", row("what the store holds is broken", "GET /Devices/broken", "", "")),
    status("501", row("nobody to be", "GET /Me", "", "")),
    status("501", row("no method", "FETCH /Users", "", "")),
    status("501", row("methods are written large", "Patch /Users/${ada}", "{${Patch}}", "")),
];
