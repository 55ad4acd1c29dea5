//! The component's `admin` interface: what the application may do to a tenant.

use std::sync::Arc;

use super::Plugin;
use super::error::PluginError;
use super::state::State;
use crate::EmptyStore;
pub use crate::bindings::exports::scimlet::plugin::admin::{
    Assignment, Credential, CredentialRequest, IdentityProvider, Imported, Issued, Reference,
    Webhook,
};
use crate::bindings::exports::scimlet::plugin::admin::{Guest, Problem};
use crate::store::Store;

/// Why an administrative call did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Nothing has this id.
    #[error("there is nothing of this id")]
    NotFound,
    /// Somebody else changed it meanwhile.
    #[error("somebody else changed it meanwhile: try again")]
    Stale,
    /// An argument is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Right, but not in this state.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The component failed.
    #[error(transparent)]
    Fault(#[from] PluginError),
}

impl From<Problem> for AdminError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::NotFound => Self::NotFound,
            Problem::Stale => Self::Stale,
            Problem::Invalid(text) => Self::Invalid(text),
            Problem::Refused(text) => Self::Refused(text),
            Problem::Unavailable(text) => Self::Unavailable(text),
        }
    }
}

impl CredentialRequest {
    /// A bearer of a tenant for as long as the profile says, which may do everything but read events.
    pub fn bearer(tenant: &str, label: &str) -> Self {
        Self {
            tenant: tenant.to_owned(),
            label: label.to_owned(),
            scheme: "bearer".to_owned(),
            lifetime_seconds: None,
            scopes: Vec::new(),
            role: None,
            target_group: None,
        }
    }
}

impl Plugin {
    /// What a profile document means, in sentences, one a line. Needs no tenant.
    ///
    /// # Errors
    /// `Invalid` with a sentence that names the field.
    pub async fn explain(&self, profile: &str) -> Result<String, AdminError> {
        let nobody = self.admin(Arc::new(EmptyStore));
        nobody
            .ask(async |guest, store| guest.call_explain(store, profile).await)
            .await
    }
}

/// One tenant, seen from the application. Each call runs in a fresh instance.
pub struct Admin<'a> {
    plugin: &'a Plugin,
    store: Arc<dyn Store>,
    tenant: String,
}

impl<'a> Admin<'a> {
    pub(crate) fn new(plugin: &'a Plugin, store: Arc<dyn Store>) -> Self {
        Self {
            plugin,
            store,
            tenant: String::new(),
        }
    }

    /// Names the tenant in the journal.
    #[must_use]
    pub fn named(mut self, tenant: &str) -> Self {
        tenant.clone_into(&mut self.tenant);
        self
    }

    /// Runs one call in a fresh instance.
    async fn ask<T>(
        &self,
        call: impl AsyncFnOnce(
            &Guest,
            &mut wasmtime::Store<State>,
        ) -> wasmtime::Result<Result<T, Problem>>,
    ) -> Result<T, AdminError> {
        let store = Arc::clone(&self.store);
        let mut session = self.plugin.session(store, &self.tenant).await?;
        let (guest, store) = session.parts();
        let answer = call(guest.scimlet_plugin_admin(), store).await;
        Ok(session.close(answer)??)
    }
}

/// The functions of `wit/admin.wit`, which is their contract. Besides what each names, all of them fail if the store or the
/// component does.
impl Admin<'_> {
    /// Sets the profile, a JSON document, and returns its new version. `expected` is the version that it
    /// replaces, `None` for whatever is there.
    ///
    /// # Errors
    /// `Invalid` with a sentence that names the field, `Stale` if the version is another one.
    pub async fn configure(&self, profile: &str, expected: Option<u64>) -> Result<u64, AdminError> {
        self.ask(async |guest, store| guest.call_configure(store, profile, expected).await)
            .await
    }

    /// The profile as it was set, and its version.
    ///
    /// # Errors
    /// `NotFound` before the first `configure`.
    pub async fn profile(&self) -> Result<(String, u64), AdminError> {
        self.ask(async |guest, store| guest.call_profile(store).await)
            .await
    }

    /// Changes settings of the profile, each a path (`users.seats`) and a JSON value: all of them, or none. Returns
    /// the new version.
    ///
    /// # Errors
    /// `NotFound` before the first `configure`; else as there.
    pub async fn set(&self, settings: &[(String, String)]) -> Result<u64, AdminError> {
        self.ask(async |guest, store| guest.call_set(store, settings).await)
            .await
    }

    /// Where the tenant's events are to be sent.
    ///
    /// # Errors
    /// `NotFound` before the first `configure`.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, AdminError> {
        self.ask(async |guest, store| guest.call_webhooks(store).await)
            .await
    }

    /// Makes a credential; its secret is shown this once.
    ///
    /// # Errors
    /// `Refused` before the first `configure`, `Invalid` for what the profile does not allow.
    pub async fn issue_credential(
        &self,
        request: &CredentialRequest,
    ) -> Result<Issued, AdminError> {
        self.ask(async |guest, store| guest.call_issue_credential(store, request).await)
            .await
    }

    /// A new secret for the same credential; the old one is refused at once, or after the time that the profile says.
    ///
    /// # Errors
    /// `NotFound` if no credential has this id, `Refused` if it is revoked.
    pub async fn rotate_credential(&self, id: &str) -> Result<Issued, AdminError> {
        self.ask(async |guest, store| guest.call_rotate_credential(store, id).await)
            .await
    }

    /// The credential is refused from the next request on.
    ///
    /// # Errors
    /// `NotFound` if no credential has this id.
    pub async fn revoke_credential(&self, id: &str) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_revoke_credential(store, id).await)
            .await
    }

    /// All credentials in the order of creation, revoked and expired ones too.
    ///
    /// # Errors
    /// Only if the store or the component fails.
    pub async fn credentials(&self) -> Result<Vec<Credential>, AdminError> {
        self.ask(async |guest, store| guest.call_credentials(store).await)
            .await
    }

    /// Enters an identity provider of the product; with auto-provisioning it gets a credential. `tenant` is as in
    /// [`CredentialRequest`].
    ///
    /// # Errors
    /// `Invalid` or `Refused` for what the profile does not allow.
    pub async fn add_identity_provider(
        &self,
        tenant: &str,
        name: &str,
        auto_provisioning: bool,
    ) -> Result<Option<Issued>, AdminError> {
        self.ask(async |guest, store| {
            guest
                .call_add_identity_provider(store, tenant, name, auto_provisioning)
                .await
        })
        .await
    }

    /// All identity providers.
    ///
    /// # Errors
    /// Only if the store or the component fails.
    pub async fn identity_providers(&self) -> Result<Vec<IdentityProvider>, AdminError> {
        self.ask(async |guest, store| guest.call_identity_providers(store).await)
            .await
    }

    /// Enters users whom no client has provisioned yet, one JSON document each, 500 at most; what became of each, in
    /// their order.
    ///
    /// # Errors
    /// `Invalid` if there are too many; what is wrong with one of them is said of that one.
    pub async fn import_users(&self, users: &[String]) -> Result<Vec<Imported>, AdminError> {
        self.ask(async |guest, store| guest.call_import_users(store, users).await)
            .await
    }

    /// A page of at most `count` users as a ListResponse document, in the product's view. `cursor` is empty for the first
    /// page, and then the `nextCursor` of the page before.
    ///
    /// # Errors
    /// `Invalid` with what is wrong with the filter or the cursor.
    pub async fn users(
        &self,
        filter: Option<&str>,
        cursor: &str,
        count: u32,
    ) -> Result<String, AdminError> {
        self.ask(async |guest, store| guest.call_users(store, filter, cursor, count).await)
            .await
    }

    /// One user in the product's view.
    ///
    /// # Errors
    /// `NotFound` if no user has this id.
    pub async fn user(&self, id: &str) -> Result<String, AdminError> {
        self.ask(async |guest, store| guest.call_user(store, id).await)
            .await
    }

    /// An imported user belongs to the identity provider from now on, under this externalId if one is given.
    ///
    /// # Errors
    /// `NotFound` if no user has this id, `Refused` if the state does not allow it.
    pub async fn link_user(&self, id: &str, external_id: Option<&str>) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_link_user(store, id, external_id).await)
            .await
    }

    /// As a client's `active: false`.
    ///
    /// # Errors
    /// `NotFound` if no user has this id.
    pub async fn deactivate_user(&self, id: &str) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_deactivate_user(store, id).await)
            .await
    }

    /// The reverse.
    ///
    /// # Errors
    /// `NotFound` if no user has this id, `Refused` if no seat is left or the profile does not let the product do it.
    pub async fn reactivate_user(&self, id: &str) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_reactivate_user(store, id).await)
            .await
    }

    /// Removes the user and everything that tells about the person, in events too.
    ///
    /// # Errors
    /// `NotFound` if no user has this id.
    pub async fn erase_user(&self, id: &str) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_erase_user(store, id).await)
            .await
    }

    /// The user's own roles, in place of those that there are.
    ///
    /// # Errors
    /// `NotFound` if no user has this id.
    pub async fn assign_roles(&self, user: &str, roles: &[String]) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_assign_roles(store, user, roles).await)
            .await
    }

    /// Gives the members of a group, by its id or name, roles and seats in place of what it gave before.
    ///
    /// # Errors
    /// `NotFound` if there is no such group, `Refused` if there are not so many seats.
    pub async fn assign_group(&self, group: &str, given: &Assignment) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_assign_group(store, group, given).await)
            .await
    }

    /// The groups that give something: id and what.
    ///
    /// # Errors
    /// Only if the store or the component fails.
    pub async fn assignments(&self) -> Result<Vec<(String, Assignment)>, AdminError> {
        self.ask(async |guest, store| guest.call_assignments(store).await)
            .await
    }

    /// Notes that an object of the product names somebody by an e-mail address. Twice is no problem.
    ///
    /// # Errors
    /// `Invalid` if the address is none.
    pub async fn add_reference(&self, email: &str, kind: &str, id: &str) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_add_reference(store, email, kind, id).await)
            .await
    }

    /// What refers to this address.
    ///
    /// # Errors
    /// `Invalid` if the address is none.
    pub async fn references(&self, email: &str) -> Result<Vec<Reference>, AdminError> {
        self.ask(async |guest, store| guest.call_references(store, email).await)
            .await
    }

    /// Does what is due without a request, and returns when to call again at the latest, in milliseconds since 1970.
    ///
    /// # Errors
    /// Only if the store or the component fails.
    pub async fn maintain(&self) -> Result<Option<u64>, AdminError> {
        self.ask(async |guest, store| guest.call_maintain(store).await)
            .await
    }
}
