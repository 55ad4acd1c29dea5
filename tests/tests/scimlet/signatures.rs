//! Signatures of access tokens, by Wycheproof's vectors: RS256 and ES256 (RFC 7518 sections 3.3 and
//! 3.4), asked of the function that judges tokens.

use anyhow::{Context, ensure};
use data_encoding::BASE64URL_NOPAD;
use libtest_mimic::Trial;
use scimlet_core::auth::signature::Jwk;
use serde_json::{Value, json};
use wycheproof::rsa_pkcs1_verify::{self as rsa, TestName as Rsa};
use wycheproof::{TestResult, ecdsa};

/// Wycheproof's sets of RS256 for the lengths of keys that are let in, 2048 to 8192 bits.
const RS256: [(&str, Rsa); 4] = [
    ("2048", Rsa::Rsa2048Sha256),
    ("3072", Rsa::Rsa3072Sha256),
    ("4096", Rsa::Rsa4096Sha256),
    ("8192", Rsa::Rsa8192Sha256),
];

pub fn trials() -> Vec<Trial> {
    let rs256 = RS256.map(|(bits, set)| {
        Trial::test(format!("signatures::rs256::{bits}"), move || Ok(judge_rs256(set)?))
    });
    let es256 = Trial::test("signatures::es256", || Ok(judge_es256()?));
    rs256.into_iter().chain([es256]).collect()
}

fn judge_rs256(set: Rsa) -> anyhow::Result<()> {
    let set = rsa::TestSet::load(set).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    for group in &set.test_groups {
        let (n, e) = (encoded(&group.key.n), encoded(&group.key.e));
        let key = key(&json!({"kty": "RSA", "n": n, "e": e}))?;
        for test in &group.tests {
            let is_good = key.verifies("RS256", &test.msg, &test.sig);
            let number = test.tc_id;
            judge(is_good, test.result).with_context(|| format!("{number}: {}", test.comment))?;
        }
    }
    Ok(())
}

fn judge_es256() -> anyhow::Result<()> {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363);
    for group in &set.map_err(|error| anyhow::anyhow!("{error:?}"))?.test_groups {
        // The byte 4, then both coordinates.
        let (x, y) = group.key.key.get(1..).context("no point")?.split_at(32);
        let (x, y) = (encoded(x), encoded(y));
        let key = key(&json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}))?;
        for test in &group.tests {
            let is_good = key.verifies("ES256", &test.msg, &test.sig);
            let number = test.tc_id;
            judge(is_good, test.result).with_context(|| format!("{number}: {}", test.comment))?;
        }
    }
    Ok(())
}

/// `Acceptable` is what RFC 8017 leaves open: here only a digest whose algorithm has no NULL as its
/// parameters. It is refused: section 8.2.2 compares with the one encoding that section 9.2 makes.
fn judge(is_good: bool, result: TestResult) -> anyhow::Result<()> {
    ensure!(is_good == (result == TestResult::Valid), "accepted: {is_good}, and it is {result:?}");
    Ok(())
}

fn key(jwk: &Value) -> anyhow::Result<Jwk> {
    let key: Jwk = scimlet_core::json::from_str(&jwk.to_string())?;
    key.check()?;
    Ok(key)
}

fn encoded(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}
