//! A credential with its secret, as it is shown once.

use scimlet::plugin::{Credential, Issued};
use serde_json::{Value, json};

use super::time::{date, date_or_dash, seconds};

/// For scripts.
pub(super) fn json(issued: &Issued, url: &str) -> Value {
    let Issued { credential, secret } = issued;
    json!({
        "id": credential.id,
        "secret": secret,
        "url": url,
        "label": credential.label,
        "scheme": credential.scheme,
        "scopes": credential.scopes,
        "created": seconds(credential.created),
        "expires": credential.expires.map(seconds),
    })
}

/// For people.
pub(super) fn text(issued: &Issued, url: &str) -> String {
    let Issued { credential, secret } = issued;
    format!(
        "credential  {}\n\
         label       {}\n\
         scheme      {}\n\
         scopes      {}\n\
         created     {}\n\
         expires     {}\n\
         URL         {url}\n\
         secret      {secret}\n\
         \n\
         Keep the secret now: it will not be shown again.",
        credential.id,
        if credential.label.is_empty() {
            "-"
        } else {
            &credential.label
        },
        credential.scheme,
        scopes(credential),
        date(credential.created),
        date_or_dash(credential.expires),
    )
}

/// What a credential is good for, or a dash if it was not limited.
pub(super) fn scopes(credential: &Credential) -> String {
    match credential.scopes.as_slice() {
        [] => "-".to_owned(),
        scopes => scopes.join(" "),
    }
}
