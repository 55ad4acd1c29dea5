//! Signatures of tokens: RFC 7515 and RFC 7518 with keys of RFC 7517, for the algorithms RS256 and
//! ES256.
//!
//! RS256 is verified here over `num-bigint`: with RustCrypto's `rsa` 0.10 the component would have
//! 1,074,542 bytes and not 1,045,655, more than the 1,048,576 that it may have. The trials
//! `signatures` judge it, and ES256, by Wycheproof's vectors.

use crate::json::{self, Decode, DecodeError};
use base64ct::{Base64UrlUnpadded, Encoding};
use num_bigint::BigUint;
use p256::ecdsa::{self, signature::Verifier};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A public key (RFC 7517). Unknown members are ignored, as the RFC requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    /// The key's id.
    pub kid: Option<String>,
    kty: KeyType,
    /// The RSA modulus: RFC 7518 section 6.3.1.
    n: String,
    e: String,
    /// The elliptic curve: RFC 7518 section 6.2.1.
    crv: String,
    x: String,
    y: String,
    /// Why the key's own members rule out its use for verifying signatures, if they do.
    misuse: Option<&'static str>,
}

impl Decode for Jwk {
    fn initial() -> Self {
        Self {
            kid: None,
            kty: KeyType::initial(),
            n: String::new(),
            e: String::new(),
            crv: String::new(),
            x: String::new(),
            y: String::new(),
            misuse: None,
        }
    }

    fn decode(&mut self, value: Value) -> Result<(), DecodeError> {
        self.misuse = misuse(&value);
        let members: &mut [json::Member<'_>] = &mut [
            ("kid", false, &mut self.kid),
            ("kty", false, &mut self.kty),
            ("n", true, &mut self.n),
            ("e", true, &mut self.e),
            ("crv", true, &mut self.crv),
            ("x", true, &mut self.x),
            ("y", true, &mut self.y),
        ];
        json::members(value, false, members)
    }
}

/// The private members of RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Returns why a key's members rule out its use here: RFC 7517 sections 4.2 to 4.4.
fn misuse(key: &Value) -> Option<&'static str> {
    if PRIVATE.iter().any(|name| key.get(name).is_some()) {
        return Some("it must be public: without `d`, `p`, `q`, `dp`, `dq`, `qi`, `oth`, `k`");
    }
    let is_rsa = key.get("kty").is_some_and(|kty| kty == "RSA");
    let algorithm = if is_rsa { r#""RS256""# } else { r#""ES256""# };
    let mut wanted =
        [("use", r#""sig""#), ("key_ops", r#"["verify"]"#), ("alg", algorithm)].into_iter();
    let is_other = |name, wanted| {
        let given = key.get(name).map(Value::to_string);
        given.is_some_and(|given| given != wanted)
    };
    wanted
        .any(|(name, wanted)| is_other(name, wanted))
        .then_some("`use` must be `sig`, `key_ops` `verify`, `alg` RS256 for RSA, ES256 for EC")
}

/// The key types of RFC 7518 section 6.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyType {
    Rsa,
    Ec,
}

json::decode_enum!(KeyType { Rsa: "RSA", Ec: "EC" });

/// A key that cannot be used; the message says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct VerifyingKey(&'static str);

/// The allowed lengths of RSA moduli: shorter ones can be factored, longer ones take too long.
const RSA_BITS: std::ops::RangeInclusive<u64> = 2048..=8192;

/// Bits of the longest RSA exponent: longer ones take too long. Common RSA libraries have this
/// limit, too.
const RSA_EXPONENT_BITS: u64 = 33;

/// The bytes before the digest: RFC 8017 section 9.2, note 1.
const SHA_256: &[u8] =
    b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

enum Key {
    Rsa(RsaKey),
    Ec(ecdsa::VerifyingKey),
}

struct RsaKey {
    modulus: BigUint,
    exponent: BigUint,
}

impl RsaKey {
    /// RSASSA-PKCS1-v1_5 verification, RFC 8017 section 8.2.2. All inputs are public, so it need
    /// not run in constant time.
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let length = usize::try_from(self.modulus.bits().div_ceil(8)).unwrap_or(usize::MAX);
        let given = BigUint::from_bytes_be(signature);
        signature.len() == length
            && given < self.modulus
            && self.power(&given) == encoded(message, length)
    }

    /// RSAVP1, RFC 8017 section 5.2.2. The exponent is short, so the windows of `modpow` are not
    /// worth their code size.
    fn power(&self, base: &BigUint) -> BigUint {
        let one = BigUint::from(1_u8);
        (0..self.exponent.bits()).rev().fold(one, |power, place| {
            let square = &power * &power % &self.modulus;
            if self.exponent.bit(place) { square * base % &self.modulus } else { square }
        })
    }
}

/// Returns the encoding of a message as a number of this many bytes: EMSA-PKCS1-v1_5, RFC 8017
/// section 9.2.
fn encoded(message: &[u8], length: usize) -> BigUint {
    let digest = [&[0], SHA_256, &Sha256::digest(message)].concat();
    let mut bytes = vec![0xff; length.saturating_sub(digest.len())];
    let head = [0, 1];
    bytes.iter_mut().zip(head).for_each(|(byte, head)| *byte = head);
    bytes.extend(digest);
    BigUint::from_bytes_be(&bytes)
}

impl Jwk {
    /// Checks that the key can be used and is intended for verifying signatures.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn check(&self) -> Result<(), VerifyingKey> {
        self.misuse.map_or(Ok(()), |why| Err(VerifyingKey(why)))?;
        self.key().map(drop)
    }

    /// Returns whether `signature` is this key's signature of the message. `algorithm` must be the
    /// one that belongs to the key's type.
    #[must_use]
    pub fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        match (self.key(), algorithm) {
            (Ok(Key::Rsa(key)), "RS256") => key.verifies(message, signature),
            (Ok(Key::Ec(key)), "ES256") => ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            _ => false,
        }
    }

    fn key(&self) -> Result<Key, VerifyingKey> {
        let bytes = |text: &str| Base64UrlUnpadded::decode_vec(text).ok();
        let Self { n, e, crv, x, y, .. } = self;
        match self.kty {
            KeyType::Rsa => {
                let wrong = VerifyingKey("`n` and `e` must be those of an RSA key, in base64url");
                let (n, e) = bytes(n).zip(bytes(e)).ok_or(wrong)?;
                let (modulus, exponent) = (BigUint::from_bytes_be(&n), BigUint::from_bytes_be(&e));
                if !RSA_BITS.contains(&modulus.bits()) {
                    return Err(VerifyingKey("an RSA key must have 2048 to 8192 bits"));
                }
                let is_small = (2..=RSA_EXPONENT_BITS).contains(&exponent.bits());
                if !is_small || !exponent.bit(0) || !modulus.bit(0) {
                    return Err(wrong);
                }
                Ok(Key::Rsa(RsaKey { modulus, exponent }))
            }
            KeyType::Ec => {
                let wrong =
                    VerifyingKey("`crv` must be P-256, `x` and `y` a point of it, in base64url");
                let (x, y) = bytes(x).zip(bytes(y)).ok_or(wrong)?;
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                let key = ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| wrong)?;
                if crv == "P-256" { Ok(Key::Ec(key)) } else { Err(wrong) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The encoded claims of the examples of RFC 7515 appendix A.
    const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv\
        bS9pc19yb290Ijp0cnVlfQ";

    /// The members of the key of RFC 7515 appendix A.3.
    const EC_KEY: &str = concat!(
        r#""kty":"EC","crv":"P-256","#,
        r#""x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","#,
        r#""y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#,
    );

    /// The signature of RFC 7515 appendix A.3.
    const ES256_SIGNATURE: &str = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA\
        pmWQxfKTUJqPP3-Kg6NU1Q";

    /// The modulus of the key of RFC 7515 appendix A.2.
    const RSA_MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw\
        -4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b3269\
        0r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS\
        -UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aG\
        hyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp\
        oQ";

    /// The signature of RFC 7515 appendix A.2.
    const RS256_SIGNATURE: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7\
        AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4\
        BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K\
        0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv\
        hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB\
        p0igcN_IoypGlUPQGe77Rw";

    fn jwk(text: &str) -> Jwk {
        crate::json::from_str(text).unwrap()
    }

    /// The example of RFC 7515 appendix A.3.
    #[test]
    fn the_rfcs_es256_example_holds() {
        let key = jwk(&format!("{{{EC_KEY}}}"));
        let message = format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}");
        let message = message.as_bytes();
        let signature = Base64UrlUnpadded::decode_vec(ES256_SIGNATURE).unwrap();
        assert!(key.verifies("ES256", message, &signature));
        assert!(!key.verifies("RS256", message, &signature));
        assert!(!key.verifies("none", message, &signature));
        assert!(!key.verifies("ES256", b"another", &signature));
    }

    /// The example of RFC 7515 appendix A.2.
    #[test]
    fn the_rfcs_rs256_example_holds() {
        let key = jwk(&format!(r#"{{"kty":"RSA","n":"{RSA_MODULUS}","e":"AQAB"}}"#));
        let message = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}");
        let message = message.as_bytes();
        let signature = Base64UrlUnpadded::decode_vec(RS256_SIGNATURE).unwrap();
        assert!(key.verifies("RS256", message, &signature));
        assert!(!key.verifies("RS256", b"another", &signature));
        assert!(!key.verifies("ES256", message, &signature));
        assert!(!key.verifies("RS256", message, &[&[0], signature.as_slice()].concat()));
        assert!(!key.verifies("RS256", message, &signature[1..]));
        assert!(!key.verifies("RS256", message, &[0xff; 256]));
        assert!(!key.verifies("RS256", message, &[]));
    }

    #[test]
    fn keys_that_are_none_are_told() {
        for wrong in [
            r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#,
            r#"{"kty":"RSA","n":"?","e":"AQAB"}"#,
            r#"{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}"#,
        ] {
            assert!(jwk(wrong).check().is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_for_something_else_are_told() {
        let with = |more: &str| jwk(&format!("{{{EC_KEY}{more}}}")).check();
        for right in ["", r#","use":"sig","alg":"ES256","key_ops":["verify"],"x5t":"x""#] {
            assert_eq!(with(right), Ok(()), "{right}");
        }
        for (wrong, named) in [
            (r#","use":"enc""#, "`use`"),
            (r#","key_ops":["verify","sign"]"#, "`key_ops`"),
            (r#","key_ops":[]"#, "`key_ops`"),
            (r#","alg":"RS256""#, "`alg`"),
            (r#","d":"AQAB""#, "`d`"),
            (r#","k":"AQAB""#, "`k`"),
        ] {
            let error = with(wrong).unwrap_err();
            assert!(error.0.contains(named), "{wrong}: {error}");
        }
    }
}
