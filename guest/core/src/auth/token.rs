//! OAuth access tokens in the form of JWTs: RFC 9068. The profile lists the issuers and their keys.
//! The `scope` of a token must contain `scim` for everything that a credential may do, or
//! `scim:users`, `scim:read-only` and so on.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;

use super::Scopes;
use crate::json::{self, Decode, DecodeError};
use crate::profile::{Issuer, Policy};

/// Why an expired credential or token is refused.
pub(super) const EXPIRED: &str = "it has expired";

/// Tolerated clock difference in seconds.
const LEEWAY: u64 = 60;
/// The prefix of a credential's scope in a token's scope.
const PREFIX: &str = "scim:";
/// Why a token is refused that has no header, or one whose `typ` or `crit` RFC 9068 does not allow.
const NO_HEADER: &str = "its header is none of an access token";

/// A valid token's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    /// The client's id.
    pub(super) client: String,
    /// Its scopes.
    pub(super) scopes: Scopes,
    /// The role that the profile gives to the issuer's clients.
    pub(super) role: Option<String>,
}

struct Header {
    typ: String,
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

json::decode_struct!(open Header {
    typ: "typ",
    alg: "alg",
    kid: "kid",
    crit: "crit",
});

/// The claims of RFC 9068 section 2.2. All are required except `scope` and `nbf`.
struct Claims {
    iss: String,
    exp: u64,
    aud: Audience,
    _sub: String,
    client_id: String,
    iat: u64,
    _jti: String,
    nbf: Option<u64>,
    scope: String,
}

json::decode_struct!(open Claims {
    iss: "iss",
    exp: "exp",
    aud: "aud",
    _sub: "sub",
    client_id: "client_id",
    iat: "iat",
    _jti: "jti",
    nbf: "nbf",
    scope: "scope" = String::new(),
});

enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Decode for Audience {
    fn initial() -> Self {
        Self::Several(Vec::new())
    }

    fn decode(&mut self, value: Value) -> Result<(), DecodeError> {
        *self = match value {
            Value::String(one) => Self::One(one),
            several => Self::Several(json::from_value(several)?),
        };
        Ok(())
    }
}

/// Returns the token in an Authorization header with the scheme Bearer; `None` if it does not have
/// the form of a JWT.
pub(super) fn presented(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && token.split('.').count() == 3).then_some(token)
}

/// Verifies a token. `now` is in milliseconds since 1970. The error is for the journal only.
pub(super) fn accept(policy: &Policy, token: &str, now: u64) -> Result<Accepted, &'static str> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature)) = (parts.next(), parts.next(), parts.next())
    else {
        return Err("it is no token");
    };
    let signed = token.strip_suffix(signature).and_then(|text| text.strip_suffix('.'));
    let header = decoded(header).and_then(|header| json::from_value::<Header>(header).ok());
    let header = header.ok_or(NO_HEADER)?;
    let given = decoded(claims).unwrap_or_default();
    let claims = json::from_value::<Claims>(given.clone());
    let claims = claims.map_err(|_| "its claims are none of an access token")?;
    let signature = Base64UrlUnpadded::decode_vec(signature);
    let signature = signature.map_err(|_| "its signature is no base64url")?;
    let typ = header.typ.to_ascii_lowercase();
    if !["at+jwt", "application/at+jwt"].contains(&typ.as_str()) || header.crit.is_some() {
        return Err(NO_HEADER);
    }
    let issuers = policy.credentials.access_tokens.iter();
    let mut issuers = issuers.filter(|issuer| issuer.issuer == claims.iss);
    let issuer = issuers.next().ok_or("its issuer is not one of the profile's")?;
    let signed = signed.unwrap_or_default().as_bytes();
    if !is_signed(issuer, &header, signed, &signature) {
        return Err("its signature is not one of the issuer's");
    }
    check(issuer, &claims, now / 1000)?;
    let has = |name: &str| given.get(name).and_then(Value::as_str);
    let mut demanded = issuer.claims.iter();
    if !demanded.all(|(name, value)| has(name) == Some(value)) {
        return Err("it lacks a claim of the profile's");
    }
    // RFC 7800: the client would have to prove possession of a key, which this service cannot
    // check.
    if given.get("cnf").is_some() {
        return Err("it is bound to a key by `cnf`");
    }
    Ok(Accepted {
        scopes: scopes(&claims.scope)?,
        client: claims.client_id,
        role: issuer.role.clone(),
    })
}

/// Decodes the JSON in a part of a token. `None` if it is malformed or has a member twice, which
/// RFC 7515 section 4 and RFC 7519 section 4 allow a service to reject.
fn decoded(part: &str) -> Option<Value> {
    let bytes = Base64UrlUnpadded::decode_vec(part).ok()?;
    json::parse(std::str::from_utf8(&bytes).ok()?).ok()
}

fn is_signed(issuer: &Issuer, header: &Header, signed: &[u8], signature: &[u8]) -> bool {
    let keys = issuer.keys.iter();
    let mut named =
        keys.filter(|key| header.kid.is_none() || key.kid.is_none() || key.kid == header.kid);
    named.any(|key| key.verifies(&header.alg, signed, signature))
}

fn check(issuer: &Issuer, claims: &Claims, now: u64) -> Result<(), &'static str> {
    let ours = match &claims.aud {
        Audience::One(audience) => *audience == issuer.audience,
        Audience::Several(audiences) => audiences.contains(&issuer.audience),
    };
    if !ours {
        return Err("it is for another audience");
    }
    if claims.exp.saturating_add(LEEWAY) <= now {
        return Err(EXPIRED);
    }
    let from = claims.nbf.unwrap_or_default().max(claims.iat);
    if now.saturating_add(LEEWAY) < from {
        return Err("it is not good yet");
    }
    if claims.exp.saturating_sub(claims.iat) > issuer.max_lifetime.seconds() {
        return Err("it lives longer than the profile allows");
    }
    Ok(())
}

fn scopes(scope: &str) -> Result<Scopes, &'static str> {
    let words = scope.split(' ');
    let named: Vec<String> =
        words.filter_map(|word| word.strip_prefix(PREFIX)).map(ToOwned::to_owned).collect();
    let everything = scope.split(' ').any(|word| word == "scim");
    if named.is_empty() && !everything {
        return Err("its scope does not hold `scim`");
    }
    Scopes::parse(&named).map_err(|_| "its scope has a word after `scim:` that is none")
}
