//! PostgreSQL for tests: a cluster of their own in a folder of its own, reached through a socket
//! there. A shell watches over it and stops it when its pipe to this process closes, however this
//! process ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::{Context, bail, ensure};

/// The shell script that makes the cluster, runs the commands that it reads, and removes the
/// cluster when its input ends. Nothing here survives a power cut, and need not.
const WATCH: &str = r#"
cd "$1" || exit 1
control() { pg_ctl -D data -l log -w -t 60 -s "$@" </dev/null >>log 2>&1; }
{ initdb -D data -U postgres -A trust -E UTF8 --no-sync --locale-provider=icu --icu-locale=en-US ||
  { rm -rf data; initdb -D data -U postgres -A trust -E UTF8 --no-sync --locale=C; }; } >log 2>&1 ||
  exit 1
cat >>data/postgresql.conf <<END
listen_addresses = ''
unix_socket_directories = '$1'
max_connections = 300
fsync = off
full_page_writes = off
deadlock_timeout = 100ms
END
while read -r command; do
    case "$command" in
    start) control start ;;
    stop) control -m immediate stop ;;
    esac && echo done || echo failed
done
control -m immediate stop
cd / && rm -rf "$1"
"#;

/// A cluster. Stopped and removed when it is dropped.
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    watch: Child,
    /// The pipes to the shell and from it; `None` when it is to end.
    pipes: Mutex<Option<(ChildStdin, BufReader<ChildStdout>)>>,
    made: AtomicU32,
}

/// The cluster that all tests of one run share.
///
/// # Errors
/// If there is no PostgreSQL on this machine, or it does not start.
pub fn shared() -> anyhow::Result<&'static Cluster> {
    static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
    let cluster = SHARED.get_or_init(|| Cluster::start().map_err(|error| format!("{error:#}")));
    cluster.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
}

impl Cluster {
    /// Makes and starts one.
    ///
    /// # Errors
    /// As [`shared`].
    pub fn start() -> anyhow::Result<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("scimlet-pg-").tempdir()?;
        let mut command = Command::new("sh");
        command.args(["-c", WATCH, "sh"]).arg(folder.path());
        if let Some((user, group)) = unprivileged(folder.path())? {
            chown(folder.path(), Some(user), Some(group))?;
            command.uid(user).gid(group);
        }
        let path = format!("{}:/usr/bin:/bin", programs.display());
        // Ctrl-C is for the tests; the shell sees the pipe close.
        command.env("PATH", path).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut watch = command.spawn()?;
        let pipes = (watch.stdin.take(), watch.stdout.take());
        let (Some(input), Some(output)) = pipes else {
            bail!("the shell has no pipes");
        };
        let cluster = Self {
            programs,
            folder: folder.keep(),
            watch,
            pipes: Mutex::new(Some((input, BufReader::new(output)))),
            made: AtomicU32::new(0),
        };
        cluster.resume()?;
        // Policies do not hold for a superuser, so the tests are none.
        cluster.sql("CREATE ROLE scimlet LOGIN")?;
        Ok(cluster)
    }

    /// Starts a cluster that keeps what it has acknowledged, as those in production do, and has so
    /// many megabytes of shared buffers.
    ///
    /// # Errors
    /// As [`shared`].
    pub fn durable(shared_buffers: u32) -> anyhow::Result<Self> {
        let cluster = Self::start()?;
        let buffers = format!("{shared_buffers}MB");
        cluster.set(&[
            ("fsync", "on"),
            ("full_page_writes", "on"),
            ("shared_buffers", &buffers),
        ])?;
        Ok(cluster)
    }

    /// Stops it as a crash does.
    ///
    /// # Errors
    /// If it does not stop.
    pub fn crash(&self) -> anyhow::Result<()> {
        self.tell("stop")
    }

    /// Starts it again.
    ///
    /// # Errors
    /// If it does not start.
    pub fn resume(&self) -> anyhow::Result<()> {
        self.tell("start")
    }

    /// Changes settings, as postgresql.conf has them, and starts it again.
    ///
    /// # Errors
    /// If it does not start with them.
    fn set(&self, settings: &[(&str, &str)]) -> anyhow::Result<()> {
        for (name, value) in settings {
            self.sql(&format!("ALTER SYSTEM SET {name} = '{value}'"))?;
        }
        self.crash()?;
        self.resume()
    }

    fn tell(&self, what: &str) -> anyhow::Result<()> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        let (input, output) = pipes.as_mut().context("the shell has ended")?;
        let mut answer = String::new();
        let told = writeln!(input, "{what}").and_then(|()| output.read_line(&mut answer));
        if told.is_err() || answer.trim() != "done" {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            bail!("PostgreSQL did not {what}: {log}");
        }
        Ok(())
    }

    /// Runs SQL as the superuser; what it prints.
    ///
    /// # Errors
    /// If it fails.
    pub fn sql(&self, sql: &str) -> anyhow::Result<String> {
        self.sql_in("postgres", sql)
    }

    /// Runs SQL in one database as the superuser; what it prints.
    ///
    /// # Errors
    /// If it fails.
    pub fn sql_in(&self, database: &str, sql: &str) -> anyhow::Result<String> {
        let output = Command::new(self.programs.join("psql"))
            .args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"])
            .arg(&self.folder)
            .args(["-d", database, "-c", sql])
            .stdin(Stdio::null())
            .output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{sql}: {errors}");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Runs SQL in a session of the superuser that stays, with its locks, until what is returned is
    /// dropped.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn hold(&self, database: &str, sql: &str) -> anyhow::Result<Held> {
        let mut session = Command::new(self.programs.join("psql"))
            .args(["-XqAt", "-U", "postgres", "-h"])
            .arg(&self.folder)
            .args(["-d", database])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut input = session.stdin.take().context("no input")?;
        writeln!(input, "{sql};\n\\echo held")?;
        let mut output = BufReader::new(session.stdout.take().context("no output")?);
        let mut line = String::new();
        while line.trim() != "held" {
            line.clear();
            ensure!(output.read_line(&mut line)? > 0, "{sql}: it ended");
        }
        Ok(Held { session, input })
    }

    /// The URL of a new, empty database.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn database(&self) -> anyhow::Result<String> {
        let name = format!("db{}", self.made.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("CREATE DATABASE {name} OWNER scimlet"))?;
        Ok(self.url(&name))
    }

    /// The URL of a database that several tests share, each with tenants of its own.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn common(&self) -> anyhow::Result<String> {
        static NAME: Mutex<Option<String>> = Mutex::new(None);
        let mut url = NAME.lock().unwrap_or_else(PoisonError::into_inner);
        if url.is_none() {
            *url = Some(self.database()?);
        }
        url.clone().context("it is made")
    }

    fn url(&self, database: &str) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://scimlet@{folder}/{database}")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.pipes.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // An error means that it has ended already.
        drop(self.watch.wait());
    }
}

/// The folder with PostgreSQL's programs: one of the PATH, or where Debian puts them, the newest
/// version first.
fn programs() -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let versions = fs::read_dir("/usr/lib/postgresql");
    let mut versions: Vec<(u32, PathBuf)> = versions
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    folders.extend(versions.into_iter().rev().map(|(_, folder)| folder));
    let complete = |folder: &PathBuf| {
        let programs = ["initdb", "pg_ctl", "postgres", "psql"];
        programs.iter().all(|name| folder.join(name).exists())
    };
    let found = folders.into_iter().find(complete);
    found.context("no PostgreSQL: neither PATH nor /usr/lib/postgresql has initdb, pg_ctl and psql")
}

/// Returns the user and group that PostgreSQL runs as if this process is root's; `None` otherwise.
/// PostgreSQL refuses to run as root.
fn unprivileged(own: &Path) -> anyhow::Result<Option<(u32, u32)>> {
    if fs::metadata(own)?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let user = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    };
    let found = user("postgres").or_else(|| user("nobody"));
    Ok(Some(found.context("root runs no PostgreSQL, and there is no user `postgres`")?))
}

/// An open session of the database.
pub struct Held {
    session: Child,
    /// The session's input; the session ends when it is closed.
    input: ChildStdin,
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.input.flush());
        drop(self.session.kill());
        drop(self.session.wait());
    }
}
