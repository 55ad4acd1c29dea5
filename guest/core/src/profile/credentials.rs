//! A profile's rules for credentials, for the roles they may be bound to, and for set-up
//! conditions.

use crate::sorted_map::SortedMap;

use crate::auth::signature::Jwk;
use crate::json;
use crate::lifetime::Lifetime;

/// How clients authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The schemes that credentials may use.
    pub schemes: Vec<Scheme>,
    /// The lifetime of new credentials unless specified on creation; `null` for no expiry.
    pub lifetime: Option<Lifetime>,
    /// Whether a new credential revokes all earlier ones at once.
    pub single: bool,
    /// How long the old secret remains valid after a rotation; `null` for not at all.
    pub overlap: Option<Lifetime>,
    /// How long before expiry an event announces it; `null` for no event.
    pub notice: Option<Lifetime>,
    /// The permissions that a credential's role must have; if there are any, a credential without a
    /// role is refused.
    pub permissions: Vec<String>,
    /// The authorization servers whose access tokens (RFC 9068) are accepted in addition to
    /// credentials.
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

/// An authorization server whose access tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Its issuer identifier, as in `iss` of its tokens.
    pub issuer: String,
    /// The identifier of this service in `aud`.
    pub audience: String,
    /// Its public keys (RFC 7517).
    pub keys: Vec<Jwk>,
    /// The profile's role for its clients.
    pub role: Option<String>,
    /// Claims that its tokens must have, with these values: they distinguish tenants that share
    /// issuer and audience.
    pub claims: SortedMap<String>,
    /// The longest lifetime of its tokens, from `iat` to `exp`.
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
    /// Returns the scheme's name as profiles and operators write it.
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
    /// The permissions that it grants.
    pub permissions: Vec<String>,
}

json::decode_struct!(strict Role {
    permissions: "permissions",
});

/// Roles by name.
pub type Roles = SortedMap<Role>;

/// A condition that must be set up in the product before any request is admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Whether the condition is met.
    pub met: bool,
    /// The action that meets it, as a sentence for the client that is refused.
    pub demand: String,
}

json::decode_struct!(strict Gate {
    met: "met",
    demand: "demand",
});
