//! The command line: one file for each group of commands, and what they share.

mod audit;
mod bench;
mod context;
mod credential;
mod database;
mod demo;
mod events;
mod group;
mod hook_secret;
mod identity_provider;
mod issued;
mod limits;
mod log;
mod maintenance;
mod profile;
mod reference;
mod restored;
mod retry;
mod review;
mod serve;
mod setting;
mod shutdown;
mod table;
mod tenant;
mod time;
mod url;
mod user;
mod webhook;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use scimlet::escape;

use self::context::Context;
use self::database::Make;

#[derive(Parser)]
#[command(version, about = ABOUT, after_help = EXAMPLE, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

const ABOUT: &str = "SCIM 2.0 provisioning: serves the users and groups that identity providers \
such as \
                     Okta or Entra ID send, one tenant for each customer.";

const EXAMPLE: &str = "\
Example:
  scimlet serve                           a server with a tenant `demo` and a line of curl to try
  scimlet tenant create acme              another tenant, also while the server runs
  scimlet credential create acme          the secret that acme's identity provider needs";

/// The options of every command.
#[derive(Args)]
struct Common {
    /// Where everything is kept: a file, made when it is needed, or a PostgreSQL database, as
    /// postgres://USER@HOST/NAME; its password may come from PGPASSWORD.
    #[arg(long, global = true, value_name = "FILE|URL", default_value = "scimlet.db")]
    database: String,
    /// Print JSON for scripts instead of text; times are seconds since 1970.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    #[command(subcommand)]
    Profile(profile::Profile),
    #[command(subcommand)]
    Credential(credential::Credential),
    #[command(subcommand)]
    IdentityProvider(identity_provider::IdentityProvider),
    #[command(subcommand)]
    User(user::User),
    #[command(subcommand)]
    Group(group::Group),
    #[command(subcommand)]
    Reference(reference::Reference),
    Events(events::Events),
    #[command(subcommand)]
    Audit(audit::Audit),
    #[command(subcommand)]
    Webhook(webhook::Webhook),
    #[command(subcommand)]
    Database(restored::Database),
    Bench(bench::Bench),
}

/// Runs the command. Errors are reported as one sentence on stderr with exit code 1; wrong
/// arguments are reported by clap with exit code 2.
pub(crate) async fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    // A server logs its activity; other commands log only problems.
    log::start(match cli.command {
        Command::Serve(_) => "info",
        _ => "warn",
    });
    if matches!(cli.command, Command::Serve(_))
        && let Err(error) = shutdown::ignore_hangup()
    {
        tracing::warn!("SIGHUP will end the server: {error}");
    }
    match cli.command.run(&cli.common).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let why = format!("{error:#}");
            eprintln!("scimlet: {}", escape::line(&why));
            ExitCode::FAILURE
        }
    }
}

/// The error for a file that cannot be read.
fn unreadable(file: &str) -> String {
    format!("cannot read `{file}`")
}

/// Reports wrong arguments, which may come from a script and contain anything, or prints the help.
fn refused(error: &clap::Error) -> ExitCode {
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    if arguments.all(|argument| escape::line(&argument) == argument) {
        // With clap's colours and line breaks.
        error.exit();
    }
    let text = error.render().to_string();
    eprintln!("{}", escape::line(text.trim_end()));
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

impl Command {
    async fn run(self, common: &Common) -> anyhow::Result<()> {
        let open = |make| Context::open(common, make);
        match self {
            Self::Serve(serve) => {
                let context = open(serve.makes_database()).await?;
                serve.run(&context).await
            }
            Self::Tenant(tenant) => {
                let context = open(tenant.makes_database()).await?;
                tenant.run(&context).await
            }
            Self::Profile(profile) => profile.run(common.json).await,
            Self::Credential(credential) => credential.run(&open(Make::Never).await?).await,
            Self::IdentityProvider(provider) => provider.run(&open(Make::Never).await?).await,
            Self::User(user) => user.run(&open(Make::Never).await?).await,
            Self::Group(group) => group.run(&open(Make::Never).await?).await,
            Self::Reference(reference) => reference.run(&open(Make::Never).await?).await,
            Self::Events(events) => events.run(&open(Make::Never).await?).await,
            Self::Audit(audit) => {
                let context = Context::open_untouched(common, Make::Never).await?;
                audit.run(&context).await
            }
            Self::Database(database) => {
                let context = Context::open_untouched(common, Make::Never).await?;
                database.run(&context).await
            }
            Self::Bench(bench) => bench.run(common.json).await,
            Self::Webhook(webhook) => webhook.run(&open(Make::Never).await?).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
