//! The component's `admin` interface: what the application may do to a tenant.

use std::sync::Arc;

use super::Plugin;
use super::fault::Fault;
use super::session::Session;
use crate::bindings::exports::scimlet::plugin::admin::Problem;
pub use crate::bindings::exports::scimlet::plugin::admin::{
    Credential, CredentialRequest, Issued, Webhook,
};
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
    Fault(#[from] Fault),
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

    /// Sets the profile, a JSON document, and returns its new version. `expected` is the version that it
    /// replaces, `None` for whatever is there.
    ///
    /// # Errors
    /// As the contract says, and if the component fails; so for all functions here.
    pub async fn configure(&self, profile: &str, expected: Option<u64>) -> Result<u64, AdminError> {
        let mut session = self.session().await?;
        let (guest, store) = session.parts();
        let answer = guest
            .scimlet_plugin_admin()
            .call_configure(store, profile, expected)
            .await;
        finish(&session, answer)
    }

    /// The profile as it was set, and its version.
    ///
    /// # Errors
    /// `NotFound` before the first `configure`.
    pub async fn profile(&self) -> Result<(String, u64), AdminError> {
        let mut session = self.session().await?;
        let (guest, store) = session.parts();
        let answer = guest.scimlet_plugin_admin().call_profile(store).await;
        finish(&session, answer)
    }

    /// Where the tenant's events are to be sent.
    ///
    /// # Errors
    /// `NotFound` before the first `configure`.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, AdminError> {
        let mut session = self.session().await?;
        let (guest, store) = session.parts();
        let answer = guest.scimlet_plugin_admin().call_webhooks(store).await;
        finish(&session, answer)
    }

    /// Makes a credential; its secret is shown this once.
    ///
    /// # Errors
    /// `Refused` before the first `configure`.
    pub async fn issue_credential(
        &self,
        request: &CredentialRequest,
    ) -> Result<Issued, AdminError> {
        let mut session = self.session().await?;
        let (guest, store) = session.parts();
        let answer = guest
            .scimlet_plugin_admin()
            .call_issue_credential(store, request)
            .await;
        finish(&session, answer)
    }

    /// A new secret for the same credential; the old one is refused at once.
    ///
    /// # Errors
    /// `NotFound` if no credential has this id.
    pub async fn rotate_credential(&self, id: &str) -> Result<Issued, AdminError> {
        let mut session = self.session().await?;
        let (guest, store) = session.parts();
        let answer = guest
            .scimlet_plugin_admin()
            .call_rotate_credential(store, id)
            .await;
        finish(&session, answer)
    }

    /// The credential is refused from the next request on.
    ///
    /// # Errors
    /// `NotFound` if no credential has this id.
    pub async fn revoke_credential(&self, id: &str) -> Result<(), AdminError> {
        let mut session = self.session().await?;
        let (guest, store) = session.parts();
        let answer = guest
            .scimlet_plugin_admin()
            .call_revoke_credential(store, id)
            .await;
        finish(&session, answer)
    }

    /// All credentials in the order of creation, revoked and expired ones too.
    ///
    /// # Errors
    /// Only if the store or the component fails.
    pub async fn credentials(&self) -> Result<Vec<Credential>, AdminError> {
        let mut session = self.session().await?;
        let (guest, store) = session.parts();
        let answer = guest.scimlet_plugin_admin().call_credentials(store).await;
        finish(&session, answer)
    }

    async fn session(&self) -> Result<Session, Fault> {
        self.plugin
            .session(Arc::clone(&self.store), &self.tenant)
            .await
    }
}

fn finish<T>(
    session: &Session,
    answer: wasmtime::Result<Result<T, Problem>>,
) -> Result<T, AdminError> {
    Ok(session.close(answer)??)
}
