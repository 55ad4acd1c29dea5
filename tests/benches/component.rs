//! What the component costs: the same requests answered by a fresh instance each, and by core compiled natively, in the same
//! process, behind the same router, each over a SQLite file of its own. The two take turns, so that a ratio holds when the
//! machine's speed drifts. `cargo bench -p scimlet-tests --bench component`

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use scimlet::bindings::exports::scimlet::plugin::admin::CredentialRequest;
use scimlet::http::Caller;
use scimlet::plugin::clock::SystemClock;
use scimlet::plugin::random::OsRandom;
use scimlet::store::sqlite::Sqlite;
use scimlet::store::{Database, Store};
use scimlet::{Plugin, PluginOptions, Provider, Router, RouterOptions};
use scimlet_tests::exchange::{Call, Endpoint, Http, InProcess, TENANT};
use scimlet_tests::native::Native;
use tempfile::TempDir;
use tokio::net::TcpListener;

const ROUNDS: usize = 7;
const TURN: Duration = Duration::from_millis(1500);
const CLIENTS: usize = 8;

/// Makes names that nobody has.
static NEXT: AtomicU64 = AtomicU64::new(0);

fn main() -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(benchmark())
}

async fn benchmark() -> anyhow::Result<()> {
    let plugin = Arc::new(Plugin::new(PluginOptions::default())?);
    let native = Native {
        clock: Arc::new(SystemClock),
        random: Arc::new(OsRandom),
    };
    let component = Side::new(plugin.clone(), &plugin).await?;
    let native = Side::new(Arc::new(native), &plugin).await?;
    println!(
        "{ROUNDS} rounds of {TURN:?} each, {CLIENTS} clients; fresh instances against native core"
    );
    println!(
        "{:<28}{:>12}{:>12}{:>10}{:>18}",
        "", "fresh", "native", "ratio", "spread"
    );
    for operation in [Operation::Get, Operation::Create] {
        compare(
            "HTTP, requests/s",
            operation,
            &component,
            &native,
            Side::over_http,
        )
        .await?;
    }
    for operation in [Operation::Get, Operation::Create] {
        compare(
            "in process, calls/s",
            operation,
            &component,
            &native,
            Side::in_process,
        )
        .await?;
    }
    let alone = per_second(|| async { plugin.tenant_of(&[]).await.map(drop).context("tenant_of") });
    let alone = alone.await?;
    println!(
        "an instance that is made, asked nothing of the store, and thrown away: {:.0} µs",
        1e6 / alone
    );
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum Operation {
    Get,
    Create,
}

/// One engine behind the router.
struct Side {
    _folder: TempDir,
    http: Arc<Http>,
    direct: Arc<InProcess>,
    user: String,
}

impl Side {
    async fn new(provider: Arc<dyn Provider>, plugin: &Plugin) -> anyhow::Result<Self> {
        let folder = TempDir::new()?;
        let database = Arc::new(Sqlite::open(folder.path().join("bench.db"))?);
        database.create_tenant(TENANT, 0).await?;
        let store: Arc<dyn Store> = database
            .open(TENANT)
            .await?
            .context("the tenant is there")?;
        let admin = plugin.admin(store.clone());
        admin.configure(r#"{"extends":"default"}"#, None).await?;
        let request = CredentialRequest::bearer(TENANT, "bench");
        let secret = admin.issue_credential(&request).await?.secret;
        let router = Router::new(provider.clone(), database, RouterOptions::default());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let base = format!("http://{}/{TENANT}/scim/v2", listener.local_addr()?);
        let service = router
            .into_axum()
            .into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let client = reqwest::Client::builder().no_proxy().build()?;
        let http = Arc::new(Http {
            client,
            base,
            secret: secret.clone(),
        });
        let direct = Arc::new(InProcess {
            provider,
            store,
            secret,
            caller: Caller::Unknown,
        });
        let made = http.send(create(&http.secret, "kept")).await?;
        let made: serde_json::Value = serde_json::from_str(&made.body)?;
        let user = made["id"].as_str().context("no user was made")?.to_owned();
        Ok(Self {
            _folder: folder,
            http,
            direct,
            user,
        })
    }

    async fn over_http(&self, operation: Operation) -> anyhow::Result<f64> {
        self.load(operation, self.http.clone()).await
    }

    async fn in_process(&self, operation: Operation) -> anyhow::Result<f64> {
        self.load(operation, self.direct.clone()).await
    }

    /// Calls a second of several clients, each of which sends one after another.
    async fn load<E: Endpoint + Sync + 'static>(
        &self,
        operation: Operation,
        endpoint: Arc<E>,
    ) -> anyhow::Result<f64> {
        let started = Instant::now();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| tokio::spawn(client(endpoint.clone(), operation, self.user.clone())))
            .collect();
        let mut total = 0;
        for client in clients {
            total += client.await??;
        }
        Ok(f64::from(total) / started.elapsed().as_secs_f64())
    }
}

async fn client<E: Endpoint + Sync>(
    endpoint: Arc<E>,
    operation: Operation,
    user: String,
) -> anyhow::Result<u32> {
    let (deadline, mut sent) = (Instant::now() + TURN, 0);
    while Instant::now() < deadline {
        let (call, status) = match operation {
            Operation::Get => (get(endpoint.secret(), &user), 200),
            Operation::Create => {
                let name = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
                (create(endpoint.secret(), &name), 201)
            }
        };
        let answer = endpoint.send(call).await?;
        anyhow::ensure!(answer.status == status, "{answer:?}");
        sent += 1;
    }
    Ok(sent)
}

fn get(secret: &str, user: &str) -> Call {
    call("GET", &format!("/Users/{user}"), secret, String::new())
}

/// As Okta creates a user.
fn create(secret: &str, name: &str) -> Call {
    let body = serde_json::json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": format!("{name}@okta.local"),
        "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": true, "value": format!("{name}@okta.local"), "type": "work"}],
        "displayName": "Test User", "locale": "en-US", "externalId": name, "groups": [], "active": true,
    });
    call("POST", "/Users", secret, body.to_string())
}

fn call(method: &str, target: &str, secret: &str, body: String) -> Call {
    let headers = vec![
        ("authorization".to_owned(), format!("Bearer {secret}")),
        (
            "content-type".to_owned(),
            "application/scim+json; charset=utf-8".to_owned(),
        ),
    ];
    Call {
        method: method.to_owned(),
        target: target.to_owned(),
        headers,
        body,
    }
}

async fn compare<'s, F: Future<Output = anyhow::Result<f64>>>(
    title: &str,
    operation: Operation,
    component: &'s Side,
    native: &'s Side,
    run: impl Fn(&'s Side, Operation) -> F,
) -> anyhow::Result<()> {
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let pair = (
            run(component, operation).await?,
            run(native, operation).await?,
        );
        ours.push(pair.0);
        theirs.push(pair.1);
        ratios.push(pair.0 / pair.1);
    }
    let [(_, ours, _), (_, theirs, _), (low, ratio, high)] = [ours, theirs, ratios].map(spread);
    let title = format!("{operation:?} {title}");
    println!(
        "{title:<28}{ours:>12.0}{theirs:>12.0}{ratio:>10.2}{:>18}",
        format!("{low:.2} to {high:.2}")
    );
    Ok(())
}

/// The least, the median and the greatest.
fn spread(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    (
        values[0],
        values[values.len() / 2],
        values[values.len() - 1],
    )
}

async fn per_second<F: Future<Output = anyhow::Result<()>>>(
    run: impl Fn() -> F,
) -> anyhow::Result<f64> {
    let (started, mut count) = (Instant::now(), 0);
    while started.elapsed() < TURN {
        run().await?;
        count += 1;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}
