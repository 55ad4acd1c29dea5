//! What a profile says of credentials, of the roles that they may be bound to, and of where
//! requests may come from.

use crate::sorted_map::SortedMap;

use crate::auth::signature::Jwk;
use crate::json;
use crate::lifetime::Lifetime;

/// How clients authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The schemes that credentials may have.
    pub schemes: Vec<Scheme>,
    /// How long a new one lives unless its maker says so; `null` for ever.
    pub lifetime: Option<Lifetime>,
    /// Whether a new one ends those before it at once.
    pub single: bool,
    /// How long the old secret is good after a rotation; `null` for not at all.
    pub overlap: Option<Lifetime>,
    /// How long before its end an event says so; `null` for not at all.
    pub notice: Option<Lifetime>,
    /// What the role of a credential has to allow; with any of these, a credential without a role
    /// is refused.
    pub permissions: Vec<String>,
    /// The authorization servers whose access tokens (RFC 9068) are taken beside credentials.
    pub access_tokens: Vec<Issuer>,
}

json::decode_struct!(strict Credentials {
    schemes: "schemes",
    lifetime: "lifetime",
    single: "single",
    overlap: "overlap",
    notice: "notice",
    permissions: "permissions",
    access_tokens: "access-tokens",
});

/// An authorization server whose access tokens are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Its issuer identifier, the `iss` of its tokens.
    pub issuer: String,
    /// What stands for this service in `aud`.
    pub audience: String,
    /// Its public keys (RFC 7517).
    pub keys: Vec<Jwk>,
    /// The role of the profile that its clients have.
    pub role: Option<String>,
    /// Claims that its tokens have to have, with these values: they tell tenants apart that have
    /// one issuer and audience.
    pub claims: SortedMap<String>,
    /// How long its tokens may live, from `iat` to `exp`.
    pub max_lifetime: Lifetime,
}

json::decode_struct!(strict Issuer {
    issuer: "issuer",
    audience: "audience",
    keys: "keys",
    role: "role",
    claims: "claims" = SortedMap::new(),
    max_lifetime: "max-lifetime" = Lifetime::DAY,
});

/// How a credential is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// A bearer token (RFC 6750).
    Bearer,
    /// A user name and a password (RFC 7617).
    Basic,
}

json::decode_enum!(Scheme { Bearer: "bearer", Basic: "basic" });

impl Scheme {
    /// As profiles and operators write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Basic => "basic",
        }
    }
}

/// A role that a credential may be bound to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// What it allows.
    pub permissions: Vec<String>,
}

json::decode_struct!(strict Role {
    permissions: "permissions",
});

/// Roles by name.
pub type Roles = SortedMap<Role>;

/// Something that has to be set up in the product before any request is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Whether it is.
    pub met: bool,
    /// What has to be done, as a sentence for who is refused.
    pub demand: String,
}

json::decode_struct!(strict Gate {
    met: "met",
    demand: "demand",
});
