//! Where the chains of events ended at some time, for an operator to keep apart from the database:
//! a copy of the database that was shortened or rewritten since does not agree with it, however
//! well it was forged.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

use crate::store::{ChainHead, Database, DatabaseError, Epoch, Store};

/// Where the chain of each tenant ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// When it was made, in seconds since 1970.
    pub at: u64,
    /// By name.
    pub tenants: Vec<End>,
}

/// Where the chain of one tenant ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The tenant's name.
    pub tenant: String,
    /// The epoch of its feed. Another one says that an older copy was put in the database's place
    /// since.
    pub epoch: String,
    /// The number of its last event; 0 if it had none.
    pub sequence: u64,
    /// The digest of its last event: SHA-256 in 64 hexadecimal digits.
    #[serde(with = "hex")]
    pub digest: [u8; 32],
}

impl Checkpoint {
    /// Of all tenants of a database, or of those named; each as it is when its turn comes.
    ///
    /// # Errors
    /// If the database fails, or has no tenant of a name.
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

    /// What it has of a tenant.
    #[must_use]
    pub fn tenant(&self, name: &str) -> Option<&End> {
        self.tenants.iter().find(|end| end.tenant == name)
    }
}

impl End {
    async fn of(tenant: &str, store: &dyn Store) -> Result<Self, DatabaseError> {
        let head = store.head().await?;
        Ok(Self {
            tenant: tenant.to_owned(),
            epoch: Epoch::of(store).await?.id,
            sequence: head.sequence,
            digest: head.digest,
        })
    }

    /// As [`verify::chain`](super::verify::chain) takes it.
    #[must_use]
    pub fn head(&self) -> ChainHead {
        ChainHead {
            sequence: self.sequence,
            digest: self.digest,
        }
    }
}

/// A digest in hexadecimal digits.
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
