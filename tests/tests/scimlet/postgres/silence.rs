//! The database stops answering without closing a connection, as behind a firewall that drops
//! packets; or it becomes one that only reads.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use scimlet_tests::client::together;
use scimlet_tests::exchange::{Http, TENANT};
use scimlet_tests::postgres::Cluster;
use scimlet_tests::rounds;
use scimlet_tests::server::Server;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// Clients that ask at once.
const CLIENTS: usize = 8;

/// Forwards connections to a database until it is silent. A connection of then stays open for the
/// client and carries nothing ever again; its database gives it up after the silence, as one does
/// whose keepalive probes nobody answers.
struct Proxy {
    url: String,
    silent: Arc<watch::Sender<bool>>,
}

impl Proxy {
    async fn new(database: &str) -> anyhow::Result<Self> {
        let (folder, name) = database
            .split_once('@')
            .and_then(|(_, rest)| rest.rsplit_once('/'))
            .context("a URL with a folder")?;
        let socket = PathBuf::from(folder.replace("%2F", "/")).join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let silent = Arc::new(watch::Sender::new(false));
        let told = silent.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (socket, told) = (socket.clone(), told.subscribe());
                tokio::spawn(forward(client, socket, told));
            }
        });
        Ok(Self {
            url: format!("postgres://scimlet@127.0.0.1:{port}/{name}?sslmode=disable"),
            silent,
        })
    }

    fn silence(&self, silent: bool) {
        self.silent.send_replace(silent);
    }
}

async fn forward(mut client: TcpStream, socket: PathBuf, mut silent: watch::Receiver<bool>) {
    let Ok(mut server) = UnixStream::connect(socket).await else {
        return;
    };
    tokio::select! {
        biased;
        () = becomes(&mut silent, true) => {}
        _ = copy_bidirectional(&mut client, &mut server) => return,
    }
    becomes(&mut silent, false).await;
    drop(server);
    std::future::pending::<()>().await;
    drop(client);
}

/// Completes when it is silent, or when it is not.
async fn becomes(silent: &mut watch::Receiver<bool>, is: bool) {
    drop(silent.wait_for(|silent| *silent == is).await);
}

/// Requests are answered while it is silent, and go on when it is not. `SCIMLET_ROUNDS` says how
/// often (once unless it does).
pub async fn ends(cluster: &Cluster) -> anyhow::Result<()> {
    let proxy = Proxy::new(&cluster.database()?).await?;
    let folder = TempDir::new()?;
    let server = Server::over(folder.path(), &proxy.url)?;
    let http = server.endpoint(TENANT)?;
    let mut acknowledged = Vec::new();
    for round in 0..rounds::rounds(1)? {
        acknowledged.extend(create(&http, &format!("r{round}")).await?);
        ensure!(acknowledged.len() >= CLIENTS * (usize::try_from(round)? + 1), "{acknowledged:?}");
        proxy.silence(true);
        let prefix = format!("silent{round}");
        let silent = timeout(Duration::from_secs(60), create(&http, &prefix));
        let made = silent.await.context("no answer from a silent database")??;
        ensure!(made.is_empty(), "{made:?} were acknowledged by nobody");
        proxy.silence(false);
        let begun = Instant::now();
        let mut number = 0;
        loop {
            let name = format!("back{round}-{number}");
            if http.ask("POST", "/Users", &json!({"userName": name})).await?.status == 201 {
                acknowledged.push(name);
                break;
            }
            number += 1;
            ensure!(begun.elapsed() < Duration::from_secs(40), "it does not come back");
            sleep(Duration::from_millis(100)).await;
        }
        // All connections, not the one that was made last.
        acknowledged.extend(create(&http, &format!("all{round}")).await?);
        let all = acknowledged.iter().filter(|name| name.starts_with(&format!("all{round}")));
        ensure!(all.count() == CLIENTS, "{acknowledged:?}");
    }
    for name in &acknowledged {
        let found = http.find("/Users", &format!("userName eq \"{name}\"")).await?;
        ensure!(found.len() == 1, "{name} is lost");
    }
    Ok(())
}

/// Users of so many clients at once; the names of those that were acknowledged. All others were
/// answered 503.
async fn create(http: &Http, prefix: &str) -> anyhow::Result<Vec<String>> {
    let creates = (0..CLIENTS).map(|number| {
        let (http, name) = (http.clone(), format!("{prefix}-{number}"));
        async move {
            let answer = http.ask("POST", "/Users", &json!({"userName": name})).await?;
            match answer.status {
                201 => Ok(Some(name)),
                _ => {
                    println!("{name}: {}", answer.body);
                    answer.expect(503).map(|_| None)
                }
            }
        }
    });
    Ok(together(creates).await?.into_iter().flatten().collect())
}

/// Sessions that have become read-only are not used again when it is over.
pub async fn failover(_: &Cluster) -> anyhow::Result<()> {
    let cluster = Cluster::start()?;
    let database = cluster.database()?;
    let name = database.rsplit_once('/').map_or("", |(_, name)| name);
    let folder = TempDir::new()?;
    let server = Server::over(folder.path(), &database)?;
    let http = server.endpoint(TENANT)?;
    // Sessions begin read-only, as on a server that follows another one.
    cluster.sql(&format!(
        "ALTER ROLE scimlet IN DATABASE {name} SET default_transaction_read_only = on"
    ))?;
    cluster
        .sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'scimlet'")?;
    for round in 0..2 {
        let made = create(&http, &format!("during{round}")).await?;
        ensure!(made.is_empty(), "{made:?}");
    }
    cluster.sql(&format!(
        "ALTER ROLE scimlet IN DATABASE {name} RESET default_transaction_read_only"
    ))?;
    create(&http, "first").await?;
    for round in 0..3 {
        let made = create(&http, &format!("after{round}")).await?;
        ensure!(made.len() == CLIENTS, "{made:?} of {CLIENTS}");
    }
    Ok(())
}
