//! The exported interface `admin`: what the application may do with the tenant.

use scimlet_core::service::admin;

use crate::Component;
use crate::bindings::exports::scimlet::plugin::admin as wit;
use crate::ports::ports;
use wit::Problem;

impl wit::Guest for Component {
    fn configure(profile: String, expected: Option<u64>) -> Result<u64, Problem> {
        admin::configure(&ports(), &profile, expected).map_err(problem)
    }

    fn profile() -> Result<(String, u64), Problem> {
        admin::profile(&ports()).map_err(problem)
    }

    fn webhooks() -> Result<Vec<wit::Webhook>, Problem> {
        all(admin::webhooks(&ports()), webhook)
    }

    fn set(settings: Vec<(String, String)>) -> Result<u64, Problem> {
        admin::set(&ports(), &settings).map_err(problem)
    }

    fn explain(profile: String) -> Result<String, Problem> {
        admin::explain(&profile).map_err(problem)
    }

    fn issue_credential(request: wit::CredentialRequest) -> Result<wit::Issued, Problem> {
        let request = admin::CredentialRequest {
            tenant: request.tenant,
            label: request.label,
            scheme: request.scheme,
            lifetime_seconds: request.lifetime_seconds,
            scopes: request.scopes,
            role: request.role,
            target_group: request.target_group,
        };
        let issued_one = admin::issue_credential(&ports(), request);
        issued_one.map(issued).map_err(problem)
    }

    fn rotate_credential(id: String) -> Result<wit::Issued, Problem> {
        let rotated = admin::rotate_credential(&ports(), &id);
        rotated.map(issued).map_err(problem)
    }

    fn revoke_credential(id: String) -> Result<(), Problem> {
        admin::revoke_credential(&ports(), &id).map_err(problem)
    }

    fn credentials() -> Result<Vec<wit::Credential>, Problem> {
        all(admin::credentials(&ports()), credential)
    }

    fn add_identity_provider(
        tenant: String,
        name: String,
        auto_provisioning: bool,
    ) -> Result<Option<wit::Issued>, Problem> {
        let added = admin::add_identity_provider(&ports(), &tenant, &name, auto_provisioning);
        added.map(|made| made.map(issued)).map_err(problem)
    }

    fn identity_providers() -> Result<Vec<wit::IdentityProvider>, Problem> {
        all(admin::identity_providers(&ports()), identity_provider)
    }

    fn import_users(users: Vec<String>) -> Result<Vec<wit::Imported>, Problem> {
        all(admin::import_users(&ports(), &users), imported)
    }

    fn users(filter: Option<String>, cursor: String, count: u32) -> Result<String, Problem> {
        admin::users(&ports(), filter.as_deref(), &cursor, count).map_err(problem)
    }

    fn user(id: String) -> Result<String, Problem> {
        admin::user(&ports(), &id).map_err(problem)
    }

    fn link_user(id: String, external_id: Option<String>) -> Result<(), Problem> {
        admin::link_user(&ports(), &id, external_id.as_deref()).map_err(problem)
    }

    fn deactivate_user(id: String) -> Result<(), Problem> {
        admin::deactivate_user(&ports(), &id).map_err(problem)
    }

    fn reactivate_user(id: String) -> Result<(), Problem> {
        admin::reactivate_user(&ports(), &id).map_err(problem)
    }

    fn erase_user(id: String) -> Result<(), Problem> {
        admin::erase_user(&ports(), &id).map_err(problem)
    }

    fn assign_roles(user: String, roles: Vec<String>) -> Result<(), Problem> {
        admin::assign_roles(&ports(), &user, &roles).map_err(problem)
    }

    fn assign_group(group: String, given: wit::Assignment) -> Result<(), Problem> {
        let given = admin::Assignment { roles: given.roles, seat_type: given.seat_type };
        admin::assign_group(&ports(), &group, &given).map_err(problem)
    }

    fn assignments() -> Result<Vec<(String, wit::Assignment)>, Problem> {
        let of_group = |(group, given)| (group, assignment(given));
        all(admin::assignments(&ports()), of_group)
    }

    fn add_reference(email: String, kind: String, id: String) -> Result<(), Problem> {
        admin::add_reference(&ports(), &email, &kind, &id).map_err(problem)
    }

    fn references(email: String) -> Result<Vec<wit::Reference>, Problem> {
        all(admin::references(&ports(), &email), reference)
    }

    fn maintain() -> Result<Option<u64>, Problem> {
        admin::maintain(&ports()).map_err(problem)
    }
}

fn all<T, U>(
    answer: Result<Vec<T>, admin::Problem>,
    lower: impl Fn(T) -> U,
) -> Result<Vec<U>, Problem> {
    let all = answer.map_err(problem)?;
    Ok(all.into_iter().map(lower).collect())
}

fn credential(listed: admin::ListedCredential) -> wit::Credential {
    wit::Credential {
        id: listed.id,
        label: listed.credential.label,
        scheme: listed.credential.scheme.name().to_owned(),
        scopes: listed.credential.scopes.names(),
        role: listed.credential.role,
        target_group: listed.credential.target_group,
        created: listed.created,
        expires: listed.credential.expires,
        revoked: listed.credential.revoked,
        last_used: listed.last_used,
    }
}

fn issued(issued: admin::Issued) -> wit::Issued {
    wit::Issued {
        credential: credential(issued.listed),
        username: issued.username,
        secret: issued.secret,
    }
}

fn identity_provider(provider: admin::IdentityProvider) -> wit::IdentityProvider {
    wit::IdentityProvider {
        name: provider.name,
        auto_provisioning: provider.auto_provisioning,
        credential: provider.credential,
        created: provider.created,
    }
}

fn imported(imported: admin::Imported) -> wit::Imported {
    match imported {
        admin::Imported::Made(id) => wit::Imported::Made(id),
        admin::Imported::Skipped(reason) => wit::Imported::Skipped(reason),
    }
}

fn assignment(given: admin::Assignment) -> wit::Assignment {
    wit::Assignment { roles: given.roles, seat_type: given.seat_type }
}

fn reference(reference: admin::Reference) -> wit::Reference {
    wit::Reference {
        email: reference.email,
        kind: reference.kind,
        id: reference.id,
        user: reference.user,
    }
}

/// Converts the reason why an operation failed.
pub fn problem(problem: admin::Problem) -> Problem {
    match problem {
        admin::Problem::NotFound => Problem::NotFound,
        admin::Problem::Stale => Problem::Stale,
        admin::Problem::Invalid(text) => Problem::Invalid(text),
        admin::Problem::Refused(text) => Problem::Refused(text),
        admin::Problem::Unavailable(text) => Problem::Unavailable(text),
    }
}

fn webhook((webhook, since): (scimlet_core::webhook::Webhook, u64)) -> wit::Webhook {
    wit::Webhook {
        url: webhook.url,
        secret: webhook.secret,
        events: webhook.events,
        retry_seconds: webhook.retry_seconds,
        since,
    }
}
