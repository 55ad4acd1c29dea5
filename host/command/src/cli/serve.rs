//! `scimlet serve`: runs the server.

use std::io::{IsTerminal as _, stdout};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use ipnet::IpNet;
use scimlet::plugin::PoolOptions;
use scimlet::webhook::{Dispatcher, Egress};
use scimlet::{Plugin, PluginOptions, Router, Server, ServerOptions};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::context::{Context, PUBLIC_URL, line};
use super::database::Make;
use super::limits::LimitOptions;
use super::{demo, limits, maintenance, review, shutdown, url};

/// Serve all tenants of the database over HTTP.
#[derive(Args)]
#[command(after_help = "Examples:\n  scimlet serve\n  \
    scimlet serve --listen 0.0.0.0:8080 --public-url https://scim.example.com\n\n\
    In a terminal, on a database without tenants, it makes a tenant `demo` and prints how to try \
    it. It speaks HTTP: put a proxy that does TLS before it where the network is not trusted, and \
    give --public-url and --trusted-proxy then. Listening on all addresses without --public-url, \
    it takes its name from each request's Host header. SIGTERM and Ctrl-C stop it when the \
    requests that have begun are answered; SIGHUP does nothing. RUST_LOG sets what it logs, such \
    as RUST_LOG=debug.")]
pub(super) struct Serve {
    /// Address and port to listen on; port 0 takes any that is free.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: String,
    /// The URL by which clients reach this server, if that is not the address that it listens on.
    #[arg(long, value_name = "URL", value_parser = url::parse_public)]
    public_url: Option<String>,
    /// Keep instances of the component for further requests of the same tenant, in place of a fresh
    /// one for each request. Faster; a request then no longer starts from a memory in which no
    /// other request of the tenant has been.
    #[arg(long)]
    reuse: bool,
    /// Make a tenant `demo` with a credential, and print its secret, if there is no tenant. Without
    /// it that is done where a terminal shows it.
    #[arg(long, conflicts_with = "no_demo")]
    demo: bool,
    /// Make no tenant `demo`.
    #[arg(long)]
    no_demo: bool,
    /// Make a new database where one was before and is gone.
    #[arg(long)]
    create: bool,
    /// A network as a CIDR range, or an address, that webhooks may go to although it is not on the
    /// public internet; may be given several times. Webhooks to this machine, and to services
    /// beside it, need it.
    #[arg(long, value_name = "CIDR", value_parser = limits::network, num_args = 1..)]
    webhook_allow: Vec<IpNet>,
    #[command(flatten)]
    limits: LimitOptions,
}

impl Serve {
    /// Whether the command may create its database.
    pub(super) fn makes_database(&self) -> Make {
        if self.create { Make::Anew } else { Make::New }
    }

    /// Whether to create a demo tenant: a secret is printed only for people, since a service
    /// manager would log it.
    fn makes_demo(&self) -> bool {
        self.demo || (!self.no_demo && stdout().is_terminal())
    }

    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        // Listens for signals from here on: a script that has read the first line may send one.
        let signalled = shutdown::Signalled::default();
        let signal = shutdown::recorded(shutdown::signal(), &signalled);
        let signal = signal.context("cannot listen for signals")?;
        let pool = self.reuse.then(PoolOptions::default);
        let plugin = Arc::new(Plugin::new(PluginOptions::default().with_pool(pool))?);
        let listener = TcpListener::bind(&self.listen).await;
        let listener = listener.with_context(|| format!("cannot listen on {}", self.listen))?;
        let address = listener.local_addr()?;
        let own_url = format!("http://{address}");
        let public_url = self.public_url.as_ref().unwrap_or(&own_url);
        context.database.set_setting(PUBLIC_URL, public_url).await?;
        let demo = match self.makes_demo() {
            true => demo::make_if_empty(context, &plugin).await?,
            false => None,
        };
        line(&format!("listening on {own_url}"))?;
        if let Some(issued) = demo {
            demo::print(context, public_url, &issued)?;
        }
        // If the server's own URL is known, no name that clients claim may appear in responses.
        let is_known = !address.ip().is_unspecified() && !self.limits.has_proxies();
        let options = self.limits.router(self.public_url.or(is_known.then_some(own_url)));
        let server = self.limits.server();
        tokio::spawn(review::run(Arc::clone(&plugin), Arc::clone(&context.database)));
        let _maintenance = maintenance::start(&plugin, &context.database);
        let database = Arc::clone(&context.database);
        let router = Router::new(Arc::clone(&plugin) as _, Arc::clone(&database), options);
        let (notifier, closing) = (router.notifier().clone(), router.closing());
        let egress = Egress::allowing(self.webhook_allow);
        let webhooks = Dispatcher::new(plugin, database, notifier, egress, closing);
        let webhooks = tokio::spawn(webhooks.run());
        let audit = Arc::clone(router.audit());
        let readiness = Arc::clone(router.readiness());
        let served = tokio::select! {
            served = serve(listener, router.clone(), server, signal) => served,
            () = audit.keep_writing() => Ok(()),
            () = readiness.keep_looking() => Ok(()),
            why = context.database.lost() => Err(anyhow::anyhow!("the database is lost: {why}")),
        };
        router.close();
        // Within the total time for shutdown, of which requests may have used a part.
        let left = shutdown::left(&signalled);
        if timeout(left, webhooks).await.is_err() {
            tracing::warn!("some webhooks did not answer in time");
        }
        if timeout(shutdown::LAST, audit.write()).await.is_err() {
            tracing::warn!("the last refusals are not in the audit");
        }
        served
    }
}

async fn serve(
    listener: TcpListener,
    router: Router,
    options: ServerOptions,
    signal: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let closing = router.clone();
    let signal = async move {
        signal.await;
        closing.close();
    };
    let (signal, overdue) = shutdown::bounded(signal);
    tokio::select! {
        () = Server::new(router, options).serve(listener, signal) => {}
        () = overdue => tracing::warn!("some requests did not end in time"),
    }
    Ok(())
}
