//! `scimlet profile`: explains a profile before a tenant uses it.

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;

use super::context::{print, small_plugin};
use super::{hook_secret, unreadable};

/// Check a profile, or show what a preset means; needs no database.
#[derive(Subcommand)]
pub(super) enum Profile {
    /// Say in words what a profile means, or which of its fields is wrong.
    #[command(after_help = "Example:\n  scimlet profile check ./acme.json")]
    Check {
        /// A JSON file.
        file: String,
    },
    /// Say in words what a preset means.
    #[command(after_help = "Example:\n  scimlet profile show okta")]
    Show {
        /// The preset's name.
        name: String,
    },
}

impl Profile {
    pub(super) async fn run(self, as_json: bool) -> anyhow::Result<()> {
        match self {
            Self::Check { file } => {
                let profile = std::fs::read_to_string(&file);
                let profile = profile.with_context(|| unreadable(&file))?;
                explain(as_json, &file, &profile).await
            }
            Self::Show { name } => {
                let profile = json!({ "extends": name }).to_string();
                explain(as_json, &name, &profile).await
            }
        }
    }
}

async fn explain(as_json: bool, name: &str, profile: &str) -> anyhow::Result<()> {
    let (profile, _) = hook_secret::filled(profile.to_owned())?;
    let explained = small_plugin()?.explain(&profile).await?;
    let sentences: Vec<&str> = explained.lines().collect();
    let json = json!({ "name": name, "explanation": sentences });
    print(as_json, explained.trim_end(), &json)
}
