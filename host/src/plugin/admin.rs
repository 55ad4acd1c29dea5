//! The component's `admin` interface: what the application may do with a tenant.

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

/// Why an administrative call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdminError {
    /// Nothing has this id.
    #[error("there is nothing of this id")]
    NotFound,
    /// It was changed by another call meanwhile.
    #[error("somebody else changed it meanwhile: try again")]
    Stale,
    /// An argument is wrong; the text says which and why.
    #[error("{0}")]
    Invalid(String),
    /// The arguments are right, but the tenant's state does not allow the call.
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
    /// A request for a bearer credential of `tenant` with the profile's lifetime and all scopes
    /// except reading events.
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
    /// Explains a profile document in sentences, one per line. Needs no tenant.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] with a sentence that names the field.
    pub async fn explain(&self, profile: &str) -> Result<String, AdminError> {
        let admin = self.admin(Arc::new(EmptyStore));
        admin.ask(async |guest, store| guest.call_explain(store, profile).await).await
    }
}

/// The administrative functions for one tenant. Each call runs in a fresh instance.
pub struct Admin<'a> {
    plugin: &'a Plugin,
    store: Arc<dyn Store>,
    tenant: String,
}

impl<'a> Admin<'a> {
    pub(crate) fn new(plugin: &'a Plugin, store: Arc<dyn Store>) -> Self {
        Self { plugin, store, tenant: String::new() }
    }

    /// Sets the tenant's name that journal entries carry.
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

/// The functions of `wit/admin.wit`, which is their contract. In addition to the errors listed,
/// each may return [`AdminError::Unavailable`] or [`AdminError::Fault`].
impl Admin<'_> {
    /// Sets the profile, a JSON document, and returns its new version. `expected` is the version
    /// that it replaces; `None` replaces any version.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] with a sentence that names the field, [`AdminError::Stale`] if the
    /// current version is not `expected`.
    pub async fn configure(&self, profile: &str, expected: Option<u64>) -> Result<u64, AdminError> {
        self.ask(async |guest, store| guest.call_configure(store, profile, expected).await).await
    }

    /// Returns the profile as it was set, and its version.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] before the first `configure`.
    pub async fn profile(&self) -> Result<(String, u64), AdminError> {
        self.ask(async |guest, store| guest.call_profile(store).await).await
    }

    /// Changes settings of the profile, each given as a path (`users.seats`) and a JSON value: all
    /// of them, or none. Returns the profile's new version.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] before the first `configure`; otherwise the errors of
    /// [`Admin::configure`].
    pub async fn set(&self, settings: &[(String, String)]) -> Result<u64, AdminError> {
        self.ask(async |guest, store| guest.call_set(store, settings).await).await
    }

    /// Returns the webhooks that the profile sends the tenant's events to.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] before the first `configure`.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, AdminError> {
        self.ask(async |guest, store| guest.call_webhooks(store).await).await
    }

    /// Creates a credential and returns its secret, which cannot be read again.
    ///
    /// # Errors
    /// [`AdminError::Refused`] before the first `configure`, [`AdminError::Invalid`] if the profile
    /// does not allow the request.
    pub async fn issue_credential(
        &self,
        request: &CredentialRequest,
    ) -> Result<Issued, AdminError> {
        self.ask(async |guest, store| guest.call_issue_credential(store, request).await).await
    }

    /// Gives a credential a new secret and returns it. The old secret is refused at once, or after
    /// the time that the profile sets.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] if no credential has this id, [`AdminError::Refused`] if it is
    /// revoked.
    pub async fn rotate_credential(&self, id: &str) -> Result<Issued, AdminError> {
        self.ask(async |guest, store| guest.call_rotate_credential(store, id).await).await
    }

    /// Revokes a credential: it is refused from the next request on.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] if no credential has this id.
    pub async fn revoke_credential(&self, id: &str) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_revoke_credential(store, id).await).await
    }

    /// Returns all credentials in order of creation, including revoked and expired ones.
    ///
    /// # Errors
    /// Only if the store or the component fails.
    pub async fn credentials(&self) -> Result<Vec<Credential>, AdminError> {
        self.ask(async |guest, store| guest.call_credentials(store).await).await
    }

    /// Adds an identity provider of the product. With auto-provisioning it gets a credential, which
    /// is returned. `tenant` has the meaning that it has in [`CredentialRequest`].
    ///
    /// # Errors
    /// [`AdminError::Invalid`] or [`AdminError::Refused`] if the profile does not allow it.
    pub async fn add_identity_provider(
        &self,
        tenant: &str,
        name: &str,
        auto_provisioning: bool,
    ) -> Result<Option<Issued>, AdminError> {
        self.ask(async |guest, store| {
            guest.call_add_identity_provider(store, tenant, name, auto_provisioning).await
        })
        .await
    }

    /// Returns all identity providers.
    ///
    /// # Errors
    /// Only if the store or the component fails.
    pub async fn identity_providers(&self) -> Result<Vec<IdentityProvider>, AdminError> {
        self.ask(async |guest, store| guest.call_identity_providers(store).await).await
    }

    /// Imports users that no client has provisioned yet, given as at most 500 JSON documents.
    /// Returns the outcome for each, in their order.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] if there are too many. An error in one document is part of its
    /// outcome.
    pub async fn import_users(&self, users: &[String]) -> Result<Vec<Imported>, AdminError> {
        self.ask(async |guest, store| guest.call_import_users(store, users).await).await
    }

    /// Returns a page of at most `count` users as a ListResponse document (RFC 7644 section 3.4.2),
    /// as the product sees them. `cursor` is empty for the first page, then the `nextCursor` of the
    /// previous page.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] for a wrong filter or cursor.
    pub async fn users(
        &self,
        filter: Option<&str>,
        cursor: &str,
        count: u32,
    ) -> Result<String, AdminError> {
        self.ask(async |guest, store| guest.call_users(store, filter, cursor, count).await).await
    }

    /// Returns one user, as the product sees it.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] if no user has this id.
    pub async fn user(&self, id: &str) -> Result<String, AdminError> {
        self.ask(async |guest, store| guest.call_user(store, id).await).await
    }

    /// Links an imported user to the identity provider, with this `externalId` if one is given.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] if no user has this id, [`AdminError::Refused`] if the user's state
    /// does not allow it.
    pub async fn link_user(&self, id: &str, external_id: Option<&str>) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_link_user(store, id, external_id).await).await
    }

    /// Deactivates a user, as a client does with `active: false`.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] if no user has this id.
    pub async fn deactivate_user(&self, id: &str) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_deactivate_user(store, id).await).await
    }

    /// Reactivates a user, as a client does with `active: true`.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] if no user has this id, [`AdminError::Refused`] if no seat is left
    /// or the profile does not let the product do it.
    pub async fn reactivate_user(&self, id: &str) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_reactivate_user(store, id).await).await
    }

    /// Removes a user and all personal data, in events too.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] if no user has this id.
    pub async fn erase_user(&self, id: &str) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_erase_user(store, id).await).await
    }

    /// Replaces the roles that are assigned to the user directly.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] if no user has this id.
    pub async fn assign_roles(&self, user: &str, roles: &[String]) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_assign_roles(store, user, roles).await).await
    }

    /// Replaces the roles and seats that membership in a group gives. `group` is its id or name.
    ///
    /// # Errors
    /// [`AdminError::NotFound`] if there is no such group, [`AdminError::Refused`] if there are too
    /// few seats.
    pub async fn assign_group(&self, group: &str, given: &Assignment) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_assign_group(store, group, given).await).await
    }

    /// Returns the groups that give roles or seats, each as its id and assignment.
    ///
    /// # Errors
    /// Only if the store or the component fails.
    pub async fn assignments(&self) -> Result<Vec<(String, Assignment)>, AdminError> {
        self.ask(async |guest, store| guest.call_assignments(store).await).await
    }

    /// Records that an object of the product refers to a person by e-mail address. Recording it
    /// again has no effect.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] if the address is not valid.
    pub async fn add_reference(&self, email: &str, kind: &str, id: &str) -> Result<(), AdminError> {
        self.ask(async |guest, store| guest.call_add_reference(store, email, kind, id).await).await
    }

    /// Returns the objects of the product that refer to this address.
    ///
    /// # Errors
    /// [`AdminError::Invalid`] if the address is not valid.
    pub async fn references(&self, email: &str) -> Result<Vec<Reference>, AdminError> {
        self.ask(async |guest, store| guest.call_references(store, email).await).await
    }

    /// Does the maintenance that is due, and returns the latest time of the next call in
    /// milliseconds since 1970; `None` if nothing is planned.
    ///
    /// # Errors
    /// Only if the store or the component fails.
    pub async fn maintain(&self) -> Result<Option<u64>, AdminError> {
        self.ask(async |guest, store| guest.call_maintain(store).await).await
    }
}
