//! OAuth access tokens (RFC 9068) of an authorization server that the profile names.

use anyhow::ensure;
use data_encoding::BASE64URL_NOPAD;
use libtest_mimic::Trial;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};

use super::place::{BEGIN, Place};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("credentials::an_access_token_lets_in", good),
        trial(
            "credentials::an_access_token_that_is_not_right_does_not",
            bad,
        ),
        trial("credentials::an_access_token_goes_with_its_issuer", removed),
    ]
}

const ISSUER: &str = "https://auth.example";
const AUDIENCE: &str = "https://scim.example";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_slice(&[seed; 32]).expect("it is a scalar of the curve")
}

/// A profile that takes the tokens that are signed with this key.
pub fn profile(seed: u8) -> Value {
    let point = key(seed).verifying_key().to_sec1_point(false);
    let text = |part: Option<_>| {
        part.map_or(String::new(), |part: &_| {
            encoded(AsRef::<[u8]>::as_ref(part))
        })
    };
    json!({"extends": "default", "credentials": {"access-tokens": [{
        "issuer": ISSUER, "audience": AUDIENCE,
        "keys": [{"kty": "EC", "crv": "P-256", "kid": "k1", "x": text(point.x()), "y": text(point.y())}],
    }]}})
}

fn encoded(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

fn header() -> Value {
    json!({"typ": "at+jwt", "alg": "ES256", "kid": "k1"})
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "service", "client_id": "okta", "jti": "1",
        "iat": BEGIN, "exp": BEGIN + 300, "scope": "openid scim",
    })
}

fn token(seed: u8, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| encoded(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature: Signature = key(seed).sign(signed.as_bytes());
    format!("Bearer {signed}.{}", encoded(&signature.to_bytes()))
}

/// A bearer of a token with this scope, signed with the key 7.
pub fn of_scope(scope: &str) -> String {
    token(7, &header(), &with(claims(), json!({"scope": scope})))
}

/// The other document's members in place of those of the same name.
fn with(mut document: Value, other: Value) -> Value {
    if let (Value::Object(members), Value::Object(other)) = (&mut document, other) {
        members.extend(other);
    }
    document
}

async fn good() -> anyhow::Result<()> {
    let place = Place::new(&profile(7)).await?;
    let user =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"});
    let full = token(7, &header(), &claims());
    place
        .ask(&full, ("POST", "/Users", &user))
        .await?
        .expect(201)?;
    let events = place.store.events(0, 100).await.unwrap_or_default();
    let by_client = events.iter().any(|event| event.actor == "token:okta");
    ensure!(by_client, "no event says who it was: {events:?}");
    let narrow = token(
        7,
        &header(),
        &with(claims(), json!({"scope": "scim:read-only scim:users"})),
    );
    ensure!(place.reads(&narrow).await? == 200);
    place
        .ask(&narrow, ("POST", "/Users", &user))
        .await?
        .expect(403)?;
    place
        .ask(&narrow, ("GET", "/Groups", &Value::Null))
        .await?
        .expect(403)?;
    Ok(())
}

async fn bad() -> anyhow::Result<()> {
    let place = Place::new(&profile(7)).await?;
    let good = claims;
    let changed = |other: Value| token(7, &header(), &with(good(), other));
    let headed = |other: Value| token(7, &with(header(), other), &good());
    let mut without = good();
    without
        .as_object_mut()
        .map(|claims| claims.remove("client_id"));
    for (why, token) in [
        ("not one of the issuer's", token(8, &header(), &good())),
        ("not one of the issuer's", headed(json!({"alg": "none"}))),
        ("not one of the issuer's", headed(json!({"alg": "RS256"}))),
        ("not one of the issuer's", headed(json!({"kid": "k2"}))),
        ("header", headed(json!({"typ": "JWT"}))),
        ("header", headed(json!({"crit": ["x"]}))),
        ("issuer", changed(json!({"iss": "https://other.example"}))),
        (
            "audience",
            changed(json!({"aud": ["https://other.example"]})),
        ),
        ("expired", changed(json!({"exp": BEGIN - 61}))),
        ("not good yet", changed(json!({"nbf": BEGIN + 61}))),
        ("scope", changed(json!({"scope": "openid"}))),
        ("scope", changed(json!({"scope": "scim:everything"}))),
        ("claims", token(7, &header(), &without)),
        ("signature", format!("{}x", token(7, &header(), &good()))),
    ] {
        ensure!(place.reads(&token).await? == 401, "{why}: {token} is taken");
        let notes = place.notes();
        let last = notes
            .lines()
            .rev()
            .find(|note| note.contains("access token"));
        ensure!(
            last.is_some_and(|note| note.contains(why)),
            "not `{why}`: {last:?}"
        );
    }
    Ok(())
}

/// A change of the profile holds from the next request on.
async fn removed() -> anyhow::Result<()> {
    let place = Place::new(&profile(7)).await?;
    let token = token(7, &header(), &claims());
    ensure!(place.reads(&token).await? == 200);
    place
        .admin()
        .configure(&profile(8).to_string(), None)
        .await?;
    ensure!(place.reads(&token).await? == 401);
    Ok(())
}
