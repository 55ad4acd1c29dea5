//! `wit/admin.wit`.

use scimlet_store::json::wide;

use super::functions::interface;
use super::{exchanged, received, sent};

received! {
    #[derive(Default)]
    pub struct CredentialRequest {
        pub tenant: String,
        pub label: String,
        pub scheme: String,
        #[serde(default, deserialize_with = "wide")]
        pub lifetime_seconds: Option<u64>,
        pub scopes: Vec<String>,
        pub role: Option<String>,
        pub target_group: Option<String>,
    }
}

exchanged! {
    #[derive(Default)]
    pub struct Assignment {
        pub roles: Vec<String>,
        pub seat_type: Option<String>,
    }
}

sent! {
    pub struct Credential {
        pub id: String,
        pub label: String,
        pub scheme: String,
        pub scopes: Vec<String>,
        pub role: Option<String>,
        pub target_group: Option<String>,
        pub created: u64,
        pub expires: Option<u64>,
        pub revoked: Option<u64>,
        pub last_used: Option<u64>,
    }

    pub struct Issued {
        pub credential: Credential,
        pub username: Option<String>,
        pub secret: String,
    }

    pub struct IdentityProvider {
        pub name: String,
        pub auto_provisioning: bool,
        pub credential: Option<String>,
        pub created: u64,
    }

    pub enum Imported {
        Made(String),
        Skipped(String),
    }

    pub struct Reference {
        pub email: String,
        pub kind: String,
        pub id: String,
        pub user: Option<String>,
    }

    pub struct Webhook {
        pub url: String,
        pub secret: String,
        pub events: Vec<String>,
        pub retry_seconds: u64,
        pub since: u64,
    }

    pub enum Problem {
        NotFound,
        Stale,
        Invalid(String),
        Refused(String),
        Unavailable(String),
    }
}

interface! {
    "configure" configure(
        profile: String,
        expected: Option<u64>
    ) -> Result<u64, Problem>;
    "profile" profile() -> Result<(String, u64), Problem>;
    "set" set(settings: Vec<(String, String)>) -> Result<u64, Problem>;
    "explain" explain(profile: String) -> Result<String, Problem>;
    "webhooks" webhooks() -> Result<Vec<Webhook>, Problem>;
    "issue-credential" issue_credential(request: CredentialRequest) -> Result<Issued, Problem>;
    "rotate-credential" rotate_credential(id: String) -> Result<Issued, Problem>;
    "revoke-credential" revoke_credential(id: String) -> Result<(), Problem>;
    "credentials" credentials() -> Result<Vec<Credential>, Problem>;
    "add-identity-provider" add_identity_provider(
        tenant: String,
        name: String,
        auto_provisioning: bool
    ) -> Result<Option<Issued>, Problem>;
    "identity-providers" identity_providers() -> Result<Vec<IdentityProvider>, Problem>;
    "import-users" import_users(users: Vec<String>) -> Result<Vec<Imported>, Problem>;
    "users" users(filter: Option<String>, cursor: String, count: u32) -> Result<String, Problem>;
    "user" user(id: String) -> Result<String, Problem>;
    "link-user" link_user(id: String, external_id: Option<String>) -> Result<(), Problem>;
    "deactivate-user" deactivate_user(id: String) -> Result<(), Problem>;
    "reactivate-user" reactivate_user(id: String) -> Result<(), Problem>;
    "erase-user" erase_user(id: String) -> Result<(), Problem>;
    "assign-roles" assign_roles(user: String, roles: Vec<String>) -> Result<(), Problem>;
    "assign-group" assign_group(group: String, assignment: Assignment) -> Result<(), Problem>;
    "assignments" assignments() -> Result<Vec<(String, Assignment)>, Problem>;
    "add-reference" add_reference(
        email: String,
        kind: String,
        id: String
    ) -> Result<(), Problem>;
    "references" references(email: String) -> Result<Vec<Reference>, Problem>;
    "maintain" maintain() -> Result<Option<u64>, Problem>;
}
