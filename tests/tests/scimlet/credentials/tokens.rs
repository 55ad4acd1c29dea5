//! OAuth access tokens (RFC 9068) of an authorization server that the profile names.

use anyhow::ensure;
use data_encoding::BASE64URL_NOPAD;
use libtest_mimic::Trial;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use scimlet_tests::wording::{mentions, told_apart};
use serde_json::{Value, json};

use scimlet::plugin::AdminError;
use scimlet::store::{Draft, Key, Replacement, Write};

use super::place::{BEGIN, DAY, Place};
use crate::trial;

pub fn trials() -> Vec<Trial> {
    vec![
        trial("credentials::an_access_token_lets_in", good),
        trial("credentials::an_access_token_that_is_not_right_does_not", bad),
        trial("credentials::an_access_token_goes_with_its_issuer", removed),
        trial("credentials::a_name_given_twice_is_no_token", twice),
        trial("credentials::a_claim_may_name_the_tenant", claimed),
        trial("credentials::an_issuers_tokens_may_live_longer", lifetime),
        trial("credentials::keys_for_something_else_are_refused", keys),
        trial("credentials::kept_keys_go_on", kept),
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
        part.map_or(String::new(), |part: &_| encoded(AsRef::<[u8]>::as_ref(part)))
    };
    let (x, y) = (text(point.x()), text(point.y()));
    json!({"extends": "default", "credentials": {"access-tokens": [{
        "issuer": ISSUER, "audience": AUDIENCE,
        "keys": [{"kty": "EC", "crv": "P-256", "kid": "k1", "x": x, "y": y}],
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
    written(seed, &header.to_string(), &claims.to_string())
}

/// Returns the Authorization header of a token of these texts, which need not be valid JSON.
fn written(seed: u8, header: &str, claims: &str) -> String {
    let part = |text: &str| encoded(text.as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature: Signature = key(seed).sign(signed.as_bytes());
    format!("Bearer {signed}.{}", encoded(&signature.to_bytes()))
}

/// A bearer of a token with this scope, signed with the key 7.
pub fn of_scope(scope: &str) -> String {
    token(7, &header(), &with(claims(), json!({"scope": scope})))
}

/// Returns the document with the other one's members, which replace those of the same name.
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
    place.ask(&full, ("POST", "/Users", &user)).await?.expect(201)?;
    let events = place.store.events(0, 100).await.unwrap_or_default();
    let by_client = events.iter().any(|event| event.actor == "token:okta");
    ensure!(by_client, "no event says who it was: {events:?}");
    let narrow =
        token(7, &header(), &with(claims(), json!({"scope": "scim:read-only scim:users"})));
    ensure!(place.reads(&narrow).await? == 200);
    place.ask(&narrow, ("POST", "/Users", &user)).await?.expect(403)?;
    place.ask(&narrow, ("GET", "/Groups", &Value::Null)).await?.expect(403)?;
    Ok(())
}

async fn bad() -> anyhow::Result<()> {
    let place = Place::new(&profile(7)).await?;
    let good = claims;
    let changed = |other: Value| token(7, &header(), &with(good(), other));
    let headed = |other: Value| token(7, &with(header(), other), &good());
    let mut without = good();
    without.as_object_mut().map(|claims| claims.remove("client_id"));
    let mut reasons = Vec::new();
    for (why, token) in [
        ("signed by nobody", token(8, &header(), &good())),
        ("signed by nobody", headed(json!({"alg": "none"}))),
        ("signed by nobody", headed(json!({"alg": "RS256"}))),
        ("signed by nobody", headed(json!({"kid": "k2"}))),
        ("header", headed(json!({"typ": "JWT"}))),
        ("header", headed(json!({"crit": ["x"]}))),
        ("issuer", changed(json!({"iss": "https://other.example"}))),
        ("audience", changed(json!({"aud": ["https://other.example"]}))),
        ("expired", changed(json!({"exp": BEGIN - 61}))),
        ("early", changed(json!({"nbf": BEGIN + 61}))),
        ("early", changed(json!({"iat": BEGIN + 61}))),
        ("long-lived", changed(json!({"exp": BEGIN + DAY + 1}))),
        ("bound", changed(json!({"cnf": {"jkt": "x"}}))),
        ("bound", changed(json!({"cnf": null}))),
        ("scope", changed(json!({"scope": "openid"}))),
        ("unknown scope", changed(json!({"scope": "scim:everything"}))),
        ("claims", token(7, &header(), &without)),
        ("signature", format!("{}x", token(7, &header(), &good()))),
    ] {
        ensure!(place.reads(&token).await? == 401, "{why}: {token} is taken");
        reasons.push((why, place.refused()));
    }
    told_apart(&reasons)
}

/// A change of the profile holds from the next request on.
async fn removed() -> anyhow::Result<()> {
    let place = Place::new(&profile(7)).await?;
    let token = token(7, &header(), &claims());
    ensure!(place.reads(&token).await? == 200);
    place.admin().configure(&profile(8).to_string(), None).await?;
    ensure!(place.reads(&token).await? == 401);
    Ok(())
}

/// A member that is given twice is refused: readers differ in which of the two they take (RFC 7515
/// section 4, RFC 7519 section 4).
async fn twice() -> anyhow::Result<()> {
    let place = Place::new(&profile(7)).await?;
    let (header, claims) = (header().to_string(), claims().to_string());
    ensure!(place.reads(&written(7, &header, &claims)).await? == 200);
    let with = |text: &str, more: &str| text.replacen('{', &format!("{{{more},"), 1);
    for token in [
        written(7, &with(&header, r#""alg":"none""#), &claims),
        written(7, &header, &with(&claims, r#""scope":"scim:read-only""#)),
        written(7, &header, &with(&claims, r#""\u0073cope":"scim""#)),
        written(7, &header, &with(&claims, r#""act":{"sub":"a","sub":"b"}"#)),
    ] {
        ensure!(place.reads(&token).await? == 401, "{token} is taken");
    }
    Ok(())
}

/// The profile with this member of its only issuer changed.
fn with_issuer(name: &str, value: &Value) -> Value {
    let mut profile = profile(7);
    profile["credentials"]["access-tokens"][0][name] = value.clone();
    profile
}

async fn claimed() -> anyhow::Result<()> {
    let place = Place::new(&with_issuer("claims", &json!({"tid": "acme"}))).await?;
    for (status, claim) in [
        (200, json!({"tid": "acme"})),
        (401, json!({"tid": "other"})),
        (401, json!({"tid": ["acme"]})),
        (401, json!({"org": "acme"})),
    ] {
        let token = token(7, &header(), &with(claims(), claim.clone()));
        ensure!(place.reads(&token).await? == status, "{claim}");
    }
    Ok(())
}

async fn lifetime() -> anyhow::Result<()> {
    let place = Place::new(&with_issuer("max-lifetime", &json!("10m"))).await?;
    for (status, seconds) in [(200, 600), (401, 601)] {
        let claims = with(claims(), json!({"exp": BEGIN + seconds}));
        let token = token(7, &header(), &claims);
        ensure!(place.reads(&token).await? == status, "{seconds}");
    }
    Ok(())
}

/// A key that is no public key for verifying signatures is refused, and the refusal names the
/// member of the key that is wrong.
async fn keys() -> anyhow::Result<()> {
    let place = Place::new(&profile(7)).await?;
    let key = &profile(7)["credentials"]["access-tokens"][0]["keys"][0];
    let usable = json!({"use": "sig", "alg": "ES256", "key_ops": ["verify"], "x5t": "x"});
    let keys = json!([with(key.clone(), usable)]);
    let usable = with_issuer("keys", &keys).to_string();
    place.admin().configure(&usable, None).await?;
    for (named, member) in [
        ("use", json!({"use": "enc"})),
        ("alg", json!({"alg": "ES384"})),
        ("key_ops", json!({"key_ops": ["sign", "verify"]})),
        ("d", json!({"d": "AQAB"})),
        ("k", json!({"k": "AQAB"})),
        ("oct", json!({"kty": "oct"})),
    ] {
        let keys = json!([key, with(key.clone(), member.clone())]);
        let profile = with_issuer("keys", &keys).to_string();
        let refused = place.admin().configure(&profile, None).await;
        let told = |text: &str| {
            mentions(text, "credentials.access-tokens[0].keys[1]") && mentions(text, named)
        };
        ensure!(
            matches!(&refused, Err(AdminError::Invalid(text)) if told(text)),
            "{member}: {refused:?}"
        );
    }
    Ok(())
}

/// A profile that was stored before its key was judged goes on being served and changed, but for
/// what is wrong with it.
async fn kept() -> anyhow::Result<()> {
    let place = Place::new(&profile(7)).await?;
    let key = Key { kind: "$profile".to_owned(), id: "current".to_owned() };
    let mut old = profile(7);
    old["credentials"]["access-tokens"][0]["keys"][0]["d"] = "AQAB".into();
    let draft = Draft { key, body: old.to_string(), terms: Vec::new() };
    let version = place.admin().profile().await?.1;
    let replaced = Write::Replace(Replacement { draft, version });
    let done = place.store.commit(BEGIN * 1000, "test".into(), vec![replaced]);
    ensure!(done.await.is_ok());
    let token = token(7, &header(), &claims());
    ensure!(place.reads(&token).await? == 200);
    let seats = ("users.seats".to_owned(), "5".to_owned());
    place.admin().set(&[seats]).await?;
    const KEY: &str = "credentials.access-tokens[0].keys[0]";
    let lifetime = ("credentials.lifetime".to_owned(), r#""90d""#.to_owned());
    let refused = place.admin().set(&[lifetime]).await;
    ensure!(
        matches!(&refused, Err(AdminError::Invalid(text)) if mentions(text, KEY)),
        "{refused:?}"
    );
    Ok(())
}
