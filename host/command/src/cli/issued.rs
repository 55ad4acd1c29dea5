//! Prints a credential with its secret, which is shown only once.

use scimlet::escape;
use scimlet::plugin::{Credential, Issued};
use serde_json::{Value, json};

use super::context::Context;
use super::time::{date, date_or_dash, seconds};

/// Prints an issued credential.
pub(super) async fn show(context: &Context, tenant: &str, issued: &Issued) -> anyhow::Result<()> {
    let url = context.base_url(tenant).await?;
    context.print(&text(issued, &url), &json(issued, &url))
}

/// Returns the credential with its secret as JSON.
pub(super) fn json(issued: &Issued, url: &str) -> Value {
    let mut json = object(&issued.credential);
    json["url"] = url.into();
    json["username"] = issued.username.clone().into();
    json["secret"] = issued.secret.clone().into();
    json
}

/// Returns the credential without its secret as JSON.
pub(super) fn object(credential: &Credential) -> Value {
    json!({
        "id": credential.id,
        "label": credential.label,
        "scheme": credential.scheme,
        "scopes": credential.scopes,
        "role": credential.role,
        "targetGroup": credential.target_group,
        "created": seconds(credential.created),
        "expires": credential.expires.map(seconds),
        "revoked": credential.revoked.map(seconds),
        "lastUsed": credential.last_used.map(seconds),
    })
}

/// Returns the credential with its secret as text.
pub(super) fn text(issued: &Issued, url: &str) -> String {
    let credential = &issued.credential;
    let secret = match &issued.username {
        None => format!("secret        {}", issued.secret),
        Some(username) => format!(
            "user name     {username}\n\
             password      {}",
            issued.secret
        ),
    };
    format!(
        "credential    {}\n\
         label         {}\n\
         scheme        {}\n\
         scopes        {}\n\
         role          {}\n\
         target group  {}\n\
         created       {}\n\
         expires       {}\n\
         URL           {url}\n\
         {secret}\n\
         \n\
         {}",
        credential.id,
        or_dash(Some(&credential.label)),
        credential.scheme,
        scopes(credential),
        or_dash(credential.role.as_deref()),
        or_dash(credential.target_group.as_deref()),
        date(credential.created),
        date_or_dash(credential.expires),
        trial(issued, url),
    )
}

/// Returns a command line that uses the credential.
pub(super) fn trial(issued: &Issued, url: &str) -> String {
    let secret = &issued.secret;
    let authorization = match &issued.username {
        None => format!("-H 'Authorization: Bearer {secret}'"),
        Some(username) => format!("-u '{username}:{secret}'"),
    };
    format!(
        "Keep the secret now: it will not be shown again. To try it:\n\
         \n\
         curl {authorization} {url}/Users"
    )
}

/// Returns the credential's scopes, or a dash if it has none.
pub(super) fn scopes(credential: &Credential) -> String {
    or_dash(Some(&credential.scopes.join(" ")))
}

/// Returns the text, or a dash if there is none.
pub(super) fn or_dash(text: Option<&str>) -> String {
    let text = text.filter(|text| !text.is_empty());
    escape::line(text.unwrap_or("-")).into_owned()
}
