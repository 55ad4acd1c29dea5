//! Creates a pool of connections from a database URL.

use std::net::IpAddr;
use std::str::FromStr as _;
use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Config, NoTls};

use super::connections::{Connections, WAIT};
use super::error::NO_ANSWER;
use super::tls::{self, Trust};
use crate::store::DatabaseError;

/// The most connections of one host. PostgreSQL allows 100 in total by default.
const CONNECTIONS: usize = 20;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// The interval of TCP keepalive probes on an idle connection.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// How long sent packets may stay unacknowledged before the connection counts as broken
/// (`TCP_USER_TIMEOUT`).
const UNACKNOWLEDGED: Duration = Duration::from_secs(15);

/// The settings of every connection: a statement that runs 20 s is a search beyond all limits; a
/// lock is awaited only while a commit can still be answered; a transaction whose host has died
/// releases its locks. Acknowledged commits must be durable, so `synchronous_commit` is switched on
/// if the server has it off; a stronger setting stays.
const SETTINGS: &str = "SET statement_timeout = '20s';
    SET lock_timeout = '8s';
    SET idle_in_transaction_session_timeout = '30s';
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'";

/// Returns the pool for a URL. Connects to nothing yet.
///
/// # Errors
/// [`DatabaseError::Unsuitable`] if the URL or its TLS options are invalid.
pub(super) fn connections(url: &str) -> Result<Connections, DatabaseError> {
    let (config, trust) = parse(url)?;
    let is_local = config.get_hosts().iter().all(is_local);
    let options = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let tls = match config.get_ssl_mode() {
        SslMode::Disable => None,
        _ => Some(tls::connector(&trust)?),
    };
    let manager = match &tls {
        None => Manager::from_config(config, NoTls, options),
        Some(tls) => Manager::from_config(config, tls.clone(), options),
    };
    let settings = Hook::async_fn(|client, _| {
        Box::pin(async move {
            match timeout(CONNECT, client.batch_execute(SETTINGS)).await {
                Ok(set) => set.map_err(HookError::Backend),
                Err(_) => Err(HookError::message(NO_ANSWER)),
            }
        })
    });
    let pool = Pool::builder(manager)
        .max_size(CONNECTIONS)
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(CONNECT))
        .runtime(Runtime::Tokio1)
        .post_create(settings)
        .build()
        .map_err(|error| DatabaseError::Unsuitable(error.to_string()))?;
    Ok(Connections::new(pool, tls, is_local))
}

/// Returns the URL without its password and parameters, for logs.
pub fn redacted(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (rest, _) = rest.split_once('?').unwrap_or((rest, ""));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{host}")
}

/// Parses a URL into the driver's settings and the certificates to trust. Errors never repeat an
/// invalid URL: its password may be anywhere in it.
fn parse(url: &str) -> Result<(Config, Trust), DatabaseError> {
    let (stripped, mode, root) = split(url);
    let mut config = Config::from_str(&stripped).map_err(|error| {
        let why = std::error::Error::source(&error).map_or(String::new(), |why| format!(": {why}"));
        unsuitable(&format!("--database is no URL of PostgreSQL{why}"))
    })?;
    let (ssl, trust) = match (mode.as_deref(), root) {
        (Some("disable"), _) => (SslMode::Disable, Trust::Anybody),
        (None | Some("prefer"), None) => (SslMode::Prefer, Trust::Anybody),
        (Some("require"), None) => (SslMode::Require, Trust::Anybody),
        (Some("verify-full"), None) => (SslMode::Require, Trust::System),
        (None | Some("prefer" | "require" | "verify-full"), Some(file)) => {
            (SslMode::Require, Trust::File(file))
        }
        (Some(_), _) => {
            let modes = "disable, prefer, require or verify-full";
            return Err(unsuitable(&format!("sslmode is one of {modes}")));
        }
    };
    // A Unix socket cannot be intercepted, so it needs no TLS.
    let is_socket = |host: &Host| matches!(host, Host::Unix(_));
    let ssl = match config.get_hosts().iter().all(is_socket) {
        true => SslMode::Disable,
        false => ssl,
    };
    config.ssl_mode(ssl).connect_timeout(CONNECT);
    config.keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE).keepalives_retries(3);
    // Unacknowledged packets must not leave a connection waiting for a dead peer.
    config.tcp_user_timeout(UNACKNOWLEDGED);
    if config.get_application_name().is_none() {
        config.application_name("scimlet");
    }
    if let (None, Some(password)) = (config.get_password(), std::env::var_os("PGPASSWORD")) {
        config.password(password.into_encoded_bytes());
    }
    Ok((config, trust))
}

/// Whether this host of a URL is this machine: a Unix socket or a loopback address.
fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            let address = name.parse::<IpAddr>();
            name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
    }
}

/// Splits `sslmode` and `sslrootcert`, which the driver does not know, from the URL. Returns the
/// rest of the URL and their values.
fn split(url: &str) -> (String, Option<String>, Option<String>) {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut mode, mut root, mut others) = (None, None, Vec::new());
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        match parameter.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => {
                let decoded = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
                root = Some(decoded.into_owned());
            }
            _ => others.push(parameter),
        }
    }
    match others.as_slice() {
        [] => (base.to_owned(), mode, root),
        others => (format!("{base}?{}", others.join("&")), mode, root),
    }
}

fn unsuitable(why: &str) -> DatabaseError {
    DatabaseError::Unsuitable(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_and_a_loopback_address_are_this_machine() {
        let is_here = |host: &str| {
            let (config, _) = parse(&format!("postgres://me@{host}/scim")).expect("it is a URL");
            config.get_hosts().iter().all(is_local)
        };
        for here in ["localhost", "127.0.0.1", "127.1.2.3:5433", "[::1]", "%2Frun%2Fpostgresql"] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in ["db.example.com", "10.0.0.1", "localhost.example.com", "localhost,db"] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        for url in [
            "postgres://me:pass@word@db.example.com:5432/scim?password=pass",
            "postgres://me:pass/word@db.example.com:5432/scim",
        ] {
            let shown = redacted(url);
            assert!(!shown.contains("word"), "{shown}");
            assert!(shown.ends_with("db.example.com:5432/scim"), "{shown}");
        }
        let Err(refused) = parse("postgres://me:secret@db:port/scim?sslmode=require") else {
            panic!("`port` is no port");
        };
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }

    #[test]
    fn encryption_is_as_the_url_says() {
        let mode = |query: &str| {
            let url = format!("postgres://me@db/scim{query}");
            parse(&url).map(|(config, trust)| (config.get_ssl_mode(), trust))
        };
        for (query, ssl, trust) in [
            ("", SslMode::Prefer, Trust::Anybody),
            ("?sslmode=disable&connect_timeout=3", SslMode::Disable, Trust::Anybody),
            ("?sslmode=require", SslMode::Require, Trust::Anybody),
            ("?sslmode=verify-full", SslMode::Require, Trust::System),
            (
                "?sslrootcert=%2Fca.pem&sslmode=require",
                SslMode::Require,
                Trust::File("/ca.pem".into()),
            ),
        ] {
            assert_eq!(mode(query).expect(query), (ssl, trust));
        }
        let local = parse("postgres://me@%2Frun%2Fpostgresql/scim").expect("it is a URL");
        assert_eq!(local.0.get_ssl_mode(), SslMode::Disable);
        assert!(mode("?sslmode=allow").is_err());
        assert!(mode("?sslmode=disable&unheard=1").is_err());
    }
}
