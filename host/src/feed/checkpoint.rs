//! Checkpoints: the ends of the hash chains at some time, which an operator stores apart from the
//! database. A database that was truncated or rewritten since then contradicts its checkpoint,
//! however carefully it was forged.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::store::{ChainHead, Database, DatabaseError, Epoch, TenantStorage};

/// The end of each tenant's hash chain at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Checkpoint {
    /// The time of the checkpoint in seconds since 1970.
    pub at: u64,
    /// The ends of the chains, in the order of the tenants' names given.
    pub tenants: Vec<End>,
}

/// The end of one tenant's hash chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct End {
    /// The tenant's name.
    pub tenant: String,
    /// The epoch of the tenant's feed. A different epoch shows that an older copy of the database
    /// was restored since.
    pub epoch: String,
    /// The sequence number of the tenant's last event; 0 if it had none.
    pub sequence: u64,
    /// The digest of the tenant's last event: SHA-256 in 64 hexadecimal digits.
    #[serde(with = "hex")]
    pub digest: [u8; 32],
}

impl Checkpoint {
    /// Reads the ends of these tenants' chains, one after the other. `at` is in seconds since 1970.
    ///
    /// # Errors
    /// If the database fails, or a tenant does not exist.
    pub async fn of(
        database: &dyn Database,
        at: u64,
        names: &[String],
    ) -> Result<Self, DatabaseError> {
        let mut tenants = Vec::new();
        for name in names {
            let store = database.open(name).await?;
            let store = store.ok_or_else(|| DatabaseError::Unknown(name.clone()))?;
            tenants.push(End::of(name, &*store).await?);
        }
        Ok(Self { at, tenants })
    }

    /// Returns the end of a tenant's chain; `None` if the checkpoint does not include the tenant.
    #[must_use]
    pub fn tenant(&self, name: &str) -> Option<&End> {
        self.tenants.iter().find(|end| end.tenant == name)
    }
}

impl End {
    async fn of(tenant: &str, store: &dyn TenantStorage) -> Result<Self, DatabaseError> {
        let head = store.head().await?;
        Ok(Self {
            tenant: tenant.to_owned(),
            epoch: Epoch::of(store).await?.id,
            sequence: head.sequence,
            digest: head.digest,
        })
    }

    /// Returns the end in the form that [`verify::chain`](super::verify::chain) takes.
    #[must_use]
    pub fn head(&self) -> ChainHead {
        ChainHead { sequence: self.sequence, digest: self.digest }
    }
}

/// Serializes a digest as hexadecimal digits.
mod hex {
    use serde::de::Error;
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::HEXLOWER;

    pub(super) fn serialize<S: Serializer>(digest: &[u8; 32], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&HEXLOWER.encode(digest))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(from)?;
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(D::Error::custom)?;
        let digest = <[u8; 32]>::try_from(bytes);
        digest.map_err(|_| D::Error::custom("a digest has 64 hexadecimal digits"))
    }
}
