//! Signatures of tokens: RFC 7515 and RFC 7518 with keys of RFC 7517, for the algorithms RS256 and ES256.

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa;
use rsa::signature::Verifier;
use rsa::{BoxedUint, PublicKey, pkcs1v15};
use serde::Deserialize;
use sha2::Sha256;

/// A public key (RFC 7517). Members that do not matter here are ignored, as the RFC demands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Jwk {
    /// Names it among others.
    #[serde(default)]
    pub kid: Option<String>,
    #[serde(flatten)]
    key: Material,
}

/// RFC 7518 section 6.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kty")]
enum Material {
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
    #[serde(rename = "EC")]
    Ec { crv: String, x: String, y: String },
}

/// A key cannot be used; says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(&'static str);

/// Smaller moduli can be factored.
const RSA_BITS: u32 = 2048;

enum Key {
    Rsa(pkcs1v15::VerifyingKey<Sha256>),
    Ec(ecdsa::VerifyingKey),
}

impl Jwk {
    /// Whether the key can be used.
    pub fn check(&self) -> Result<(), KeyError> {
        self.key().map(drop)
    }

    /// Whether this is the key's signature of the message. `algorithm` has to be the one of keys of this type.
    #[must_use]
    pub fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        match (self.key(), algorithm) {
            (Ok(Key::Rsa(key)), "RS256") => pkcs1v15::Signature::try_from(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            (Ok(Key::Ec(key)), "ES256") => ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            _ => false,
        }
    }

    fn key(&self) -> Result<Key, KeyError> {
        let bytes = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        match &self.key {
            Material::Rsa { n, e } => {
                let wrong = KeyError("`n` and `e` must be those of an RSA key, in base64url");
                let (n, e) = bytes(n).zip(bytes(e)).ok_or(wrong)?;
                let (n, e) = (
                    BoxedUint::from_be_slice_vartime(&n),
                    BoxedUint::from_be_slice_vartime(&e),
                );
                if n.bit_width() < RSA_BITS {
                    return Err(KeyError("an RSA key must have at least 2048 bits"));
                }
                let key = PublicKey::new(n, e).map_err(|_| wrong)?;
                Ok(Key::Rsa(pkcs1v15::VerifyingKey::new(key)))
            }
            Material::Ec { crv, x, y } => {
                let wrong =
                    KeyError("`crv` must be P-256, `x` and `y` a point of it, in base64url");
                let (x, y) = bytes(x).zip(bytes(y)).ok_or(wrong)?;
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                let key = ecdsa::VerifyingKey::from_sec1_bytes(&point).map_err(|_| wrong)?;
                if crv == "P-256" {
                    Ok(Key::Ec(key))
                } else {
                    Err(wrong)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwk(text: &str) -> Jwk {
        serde_json::from_str(text).unwrap()
    }

    /// RFC 7515 appendix A.3.
    #[test]
    fn the_rfcs_es256_example_holds() {
        let key = jwk(
            r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        );
        let message = b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = BASE64URL_NOPAD
            .decode(b"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")
            .unwrap();
        assert!(key.verifies("ES256", message, &signature));
        assert!(!key.verifies("RS256", message, &signature));
        assert!(!key.verifies("none", message, &signature));
        assert!(!key.verifies("ES256", b"another", &signature));
    }

    /// RFC 7515 appendix A.2.
    #[test]
    fn the_rfcs_rs256_example_holds() {
        let key = jwk(
            r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#,
        );
        let message = b"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = BASE64URL_NOPAD
            .decode(b"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw")
            .unwrap();
        assert!(key.verifies("RS256", message, &signature));
        assert!(!key.verifies("RS256", b"another", &signature));
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
}
