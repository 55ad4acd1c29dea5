//! Settings of a tenant's profile, such as `users.seats=5`.

use anyhow::Context as _;
use clap::ValueEnum;
use scimlet::escape;
use scimlet::plugin::Admin;
use serde_json::{Value, json};

use super::context::{Context, small_plugin};
use super::hook_secret::{self, Made};
use super::retry::when_stale;

/// A path and its value, as `scimlet tenant set` takes them.
#[derive(Clone)]
pub(super) struct Setting {
    path: String,
    value: Value,
}

impl Setting {
    fn is_webhooks(&self) -> bool {
        self.path == "webhooks"
    }

    fn pair(&self) -> (String, String) {
        (self.path.clone(), self.value.to_string())
    }
}

/// Whether a gate's requirement is met.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Gate {
    /// The requirement is met: requests are let in.
    Met,
    /// The requirement is not met: requests are refused.
    Unmet,
}

/// Parses a setting of a command line.
pub(super) fn parse(text: &str) -> Result<Setting, String> {
    let (path, value) =
        text.split_once('=').ok_or("give a path and a JSON value, such as users.seats=5")?;
    let value = serde_json::from_str(value).map_err(|_| {
        let quoted = Value::from(value);
        format!(
            "`{value}` is no JSON; a text needs its quotes, and the shell needs others around \
             them: '{path}={quoted}'"
        )
    })?;
    Ok(Setting { path: path.to_owned(), value })
}

/// Changes all of the settings, or none.
pub(super) async fn set(
    context: &Context,
    tenant: &str,
    settings: &[Setting],
) -> anyhow::Result<()> {
    let plugin = small_plugin()?;
    let admin = context.admin(&plugin, tenant).await?;
    let mut settings = settings.to_vec();
    let secrets = fill_secrets(&admin, &mut settings).await?;
    let pairs: Vec<_> = settings.iter().map(Setting::pair).collect();
    let version = when_stale(async || admin.set(&pairs).await)
        .await
        .with_context(|| format!("tenant `{tenant}` is not changed"))?;
    for setting in settings.iter_mut().filter(|setting| setting.is_webhooks()) {
        hook_secret::hide(&mut setting.value);
    }
    let lines = settings.iter().map(Setting::pair);
    let lines = lines.map(|(path, value)| escape::line(&format!("{path}={value}")).into_owned());
    let text = lines.collect::<Vec<_>>().join("\n") + &secrets.text();
    let mut json = json!({ "name": tenant, "version": version, "settings": object(&settings) });
    secrets.add_to(&mut json);
    context.print(&text, &json)
}

/// Gives webhooks without a secret their existing one, or a new one. Returns the new ones.
async fn fill_secrets(admin: &Admin<'_>, settings: &mut [Setting]) -> anyhow::Result<Made> {
    let mut webhooks = settings.iter_mut().filter(|setting| setting.is_webhooks());
    match webhooks.next_back() {
        Some(setting) if hook_secret::lacks(&setting.value) => {
            hook_secret::fill(&mut setting.value, &admin.webhooks().await?)
        }
        _ => Ok(Made::default()),
    }
}

/// Sets whether a gate's requirement is met.
pub(super) async fn set_gate(
    context: &Context,
    tenant: &str,
    name: &str,
    gate: Gate,
) -> anyhow::Result<()> {
    let setting =
        Setting { path: format!("gates.{name}.met"), value: matches!(gate, Gate::Met).into() };
    set(context, tenant, &[setting]).await
}

fn object(settings: &[Setting]) -> Value {
    let fields = settings.iter().map(|setting| (setting.path.clone(), setting.value.clone()));
    Value::Object(fields.collect())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_value_is_json_and_may_have_equals_signs() {
        let setting = parse(r#"users.default-roles=["a=b"]"#).unwrap();
        assert_eq!(setting.path, "users.default-roles");
        assert_eq!(setting.value, serde_json::json!(["a=b"]));
    }

    #[test]
    fn what_is_no_json_is_shown_with_its_quotes() {
        let sentence = parse("credentials.lifetime=600d").err().unwrap();
        assert!(sentence.contains(r#"'credentials.lifetime="600d"'"#), "{sentence}");
        assert!(parse("enabled").is_err());
    }
}
