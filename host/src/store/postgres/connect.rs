//! From a URL to a pool of connections.

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

/// Connections that one host has at most. PostgreSQL allows 100 in all unless it is told otherwise.
const CONNECTIONS: usize = 20;

/// How long making one may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Between two packets that ask whether the other machine is there, on a connection that idles.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// How long packets may go unacknowledged before the connection counts as broken
/// (`TCP_USER_TIMEOUT`).
const UNACKNOWLEDGED: Duration = Duration::from_secs(15);

/// What holds on every connection. A statement that runs this long is a search beyond all bounds; a
/// lock is waited for while a commit can still be answered; a transaction whose host has died lets
/// go of its locks. And acknowledged means durable, whatever the server's own setting; a stronger
/// one stays.
const SETTINGS: &str = "SET statement_timeout = '20s';
    SET lock_timeout = '8s';
    SET idle_in_transaction_session_timeout = '30s';
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'";

/// The connections for a URL. Nothing is connected yet.
pub(super) fn connections(url: &str) -> Result<Connections, DatabaseError> {
    let (config, trust) = parse(url)?;
    let options = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
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
    Ok(Connections::new(pool, tls))
}

/// What an operator may read of a URL: neither the password nor anything else that is a secret.
pub fn redacted(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (rest, _) = rest.split_once('?').unwrap_or((rest, ""));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{host}")
}

/// The driver's settings, and whom to trust. Of a URL that is none nothing is repeated: its
/// password may be anywhere.
fn parse(url: &str) -> Result<(Config, Trust), DatabaseError> {
    let (plain, mode, root) = split(url);
    let mut config = Config::from_str(&plain).map_err(|error| {
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
    // Nobody is in the middle of a socket of this machine.
    let is_local = |host: &Host| matches!(host, Host::Unix(_));
    let ssl = match config.get_hosts().iter().all(is_local) {
        true => SslMode::Disable,
        false => ssl,
    };
    config.ssl_mode(ssl).connect_timeout(CONNECT);
    config
        .keepalives_idle(KEEPALIVE)
        .keepalives_interval(KEEPALIVE)
        .keepalives_retries(3);
    // What was sent is acknowledged by the other machine within this time, or nobody is there.
    config.tcp_user_timeout(UNACKNOWLEDGED);
    if config.get_application_name().is_none() {
        config.application_name("scimlet");
    }
    if let (None, Some(password)) = (config.get_password(), std::env::var_os("PGPASSWORD")) {
        config.password(password.into_encoded_bytes());
    }
    Ok((config, trust))
}

/// The URL without the parameters that the driver does not know, and these: `sslmode` and
/// `sslrootcert`.
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
            (
                "?sslmode=disable&connect_timeout=3",
                SslMode::Disable,
                Trust::Anybody,
            ),
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
