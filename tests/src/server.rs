//! The real binary as a server, in a folder of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::text;
use crate::exchange::Http;

/// The command `scimlet` of this build. Cargo is asked once, since the tests of another crate do
/// not build it; it has the same features as the whole workspace has, so that nothing is compiled
/// twice.
///
/// # Errors
/// If it does not build.
pub fn binary() -> anyhow::Result<&'static Path> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let path = BINARY.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    path.as_deref().map_err(|error| anyhow::anyhow!("{error}"))
}

fn build() -> anyhow::Result<PathBuf> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--workspace", "--bin", "scimlet"]);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    // What cargo has told this process about the crate of the tests: a build script that looks at
    // such (ring's does) would run again here, and then again at the next start of the tests.
    for (name, _) in std::env::vars_os() {
        let told =
            |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST");
        if name.to_str().is_some_and(told) {
            command.env_remove(name);
        }
    }
    ensure!(command.status()?.success(), "the binary does not build");
    Ok(profile_folder()?.join("scimlet"))
}

/// Returns `target/debug` or `target/release`, whichever these tests are built in.
fn profile_folder() -> anyhow::Result<PathBuf> {
    let executable = std::env::current_exe()?;
    let folder = executable.parent().and_then(Path::parent);
    Ok(folder.context("no target folder")?.to_owned())
}

/// A folder for what is installed once and used by later runs too.
///
/// # Errors
/// If it cannot be made.
pub fn scratch() -> anyhow::Result<PathBuf> {
    let folder = profile_folder()?.join("scratch");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Locks the name of something that is installed into [`scratch`], so that no two tests, or runs,
/// install it at once; the lock is held until the file is dropped.
///
/// # Errors
/// If there can be no such file.
pub fn installing(name: &str) -> anyhow::Result<File> {
    let file = File::create(scratch()?.join(format!("{name}.lock")))?;
    file.lock()?;
    Ok(file)
}

/// Limits for tests, which are refused more often than any client, and connect more often from one
/// address.
const REFUSALS: [&str; 4] =
    ["--failures-per-minute", "100000", "--connections-per-address", "2048"];

/// Options for trials, which begin with the tenant `demo` and receive webhooks on this machine.
const TRIALS: [&str; 3] = ["--demo", "--webhook-allow", "127.0.0.0/8"];

/// A server that is killed when it is dropped.
pub struct Server {
    process: Child,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    folder: PathBuf,
    /// The option that names its database, unless that is the file in its folder.
    database: Vec<String>,
    lines: Receiver<String>,
}

impl Server {
    /// Starts `scimlet serve` on a free port with its database in this folder.
    ///
    /// # Errors
    /// If it does not say where it listens.
    pub fn start(folder: &Path) -> anyhow::Result<Self> {
        Self::listening(folder, "127.0.0.1:0")
    }

    /// Starts `scimlet serve` on a free port over another database than the file in this folder.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn over(folder: &Path, database: &str) -> anyhow::Result<Self> {
        let arguments = [&["--listen", "127.0.0.1:0"], &REFUSALS[..]].concat();
        Self::serving(folder, &arguments, &["--database", database])
    }

    /// Starts `scimlet serve` on a free port with the default limit of refused credentials.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn strict(folder: &Path) -> anyhow::Result<Self> {
        Self::serving(folder, &["--listen", "127.0.0.1:0"], &[])
    }

    /// Starts `scimlet serve` on a free port with these options too, and limits of its own unless
    /// they say otherwise.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn with(folder: &Path, options: &[&str]) -> anyhow::Result<Self> {
        let arguments = [&["--listen", "127.0.0.1:0"], options].concat();
        Self::serving(folder, &arguments, &[])
    }

    /// Starts `scimlet serve` on a free port where a shell lets it open so many files, unless it
    /// asks for more.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn with_files(folder: &Path, files: u32) -> anyhow::Result<Self> {
        Self::from_shell(folder, &format!("ulimit -Sn {files}"))
    }

    /// Starts `scimlet serve` on a free port such that a write beyond the greatest size of a file
    /// fails, and does not end it by a signal.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn unsignalled(folder: &Path) -> anyhow::Result<Self> {
        Self::from_shell(folder, "trap '' XFSZ")
    }

    /// Starts `scimlet serve` from a shell that has run this before.
    fn from_shell(folder: &Path, before: &str) -> anyhow::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{before} && exec \"$@\""), "sh"]);
        shell.arg(binary()?).current_dir(folder).stdin(Stdio::null());
        let arguments = [&TRIALS[..], &["--listen", "127.0.0.1:0"]].concat();
        Self::run(shell, folder, &arguments, &[])
    }

    /// Starts `scimlet serve` on a free port with instances that are reused for further requests.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn reusing(folder: &Path) -> anyhow::Result<Self> {
        Self::serving(folder, &["--listen", "127.0.0.1:0", "--reuse"], &[])
    }

    /// Starts `scimlet serve` with leave to make a database where one was before.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn creating(folder: &Path) -> anyhow::Result<Self> {
        Self::serving(folder, &["--listen", "127.0.0.1:0", "--create"], &[])
    }

    /// Starts `scimlet serve` at this address, with port 0 for any that is free, and with its
    /// database in this folder.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn listening(folder: &Path, address: &str) -> anyhow::Result<Self> {
        Self::serving(folder, &[&["--listen", address], &REFUSALS[..]].concat(), &[])
    }

    /// Starts `scimlet serve` on a free port with these options and no others, as an operator does.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn bare(folder: &Path, options: &[&str]) -> anyhow::Result<Self> {
        let arguments = [&["--listen", "127.0.0.1:0"], options].concat();
        Self::run(command(folder)?, folder, &arguments, &[])
    }

    fn serving(folder: &Path, arguments: &[&str], database: &[&str]) -> anyhow::Result<Self> {
        let arguments = [&TRIALS[..], arguments].concat();
        Self::run(command(folder)?, folder, &arguments, database)
    }

    fn run(
        mut command: Command,
        folder: &Path,
        arguments: &[&str],
        database: &[&str],
    ) -> anyhow::Result<Self> {
        let log = File::options().create(true).append(true).open(folder.join("log"))?;
        let mut process = command
            .arg("serve")
            .args(arguments)
            .args(database)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let output = BufReader::new(process.stdout.take().context("no output")?);
        let (sender, lines) = channel();
        // Read to the end, so that the server never waits for a reader.
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        let line = lines.recv().context("the server printed nothing")?;
        let url = line.strip_prefix("listening on ").map(ToOwned::to_owned);
        let url = url.with_context(|| format!("the first line was `{line}`"))?;
        Ok(Self {
            process,
            url,
            folder: folder.to_owned(),
            database: database.iter().map(ToString::to_string).collect(),
            lines,
        })
    }

    /// The next line behind the first one that is as wanted.
    ///
    /// # Errors
    /// If none comes.
    pub fn line(&self, wanted: impl Fn(&str) -> bool) -> anyhow::Result<String> {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(30)).context("no such line")?;
            if wanted(&line) {
                return Ok(line);
            }
        }
    }

    /// Ends it as `kill -9` does.
    pub fn kill(mut self) {
        self.end();
    }

    /// Ends it as an operator does, and waits until it has finished.
    ///
    /// # Errors
    /// If it cannot be told, or does not end well.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let id = self.process.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status()?;
        ensure!(told.success(), "no signal reaches {id}");
        let status = self.process.wait()?;
        ensure!(status.success(), "it ended with {status}");
        Ok(())
    }

    /// Returns everything that the server has logged.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn log(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(self.folder.join("log"))?)
    }

    /// Whether the server still runs.
    ///
    /// # Errors
    /// If the operating system does not tell.
    pub fn is_running(&mut self) -> anyhow::Result<bool> {
        Ok(self.process.try_wait()?.is_none())
    }

    /// Waits until the server has ended by itself; returns its status.
    ///
    /// # Errors
    /// If it goes on.
    pub fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait()? {
                return Ok(status);
            }
            ensure!(begun.elapsed() < Duration::from_secs(60), "it goes on");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Returns the id of the server's process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.process.id()
    }

    /// An endpoint of a tenant with a new credential.
    ///
    /// # Errors
    /// If the command does not make one.
    pub fn endpoint(&self, tenant: &str) -> anyhow::Result<Http> {
        let mut arguments = vec!["credential", "create", tenant];
        arguments.extend(self.database.iter().map(String::as_str));
        let made = json(&self.folder, &arguments)?;
        Http::new(self.base(tenant), text(&made, "secret")?)
    }

    /// The base URL of a tenant.
    #[must_use]
    pub fn base(&self, tenant: &str) -> String {
        format!("{}/{tenant}/scim/v2", self.url)
    }

    fn end(&mut self) {
        // An error means that it has ended already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// A server in a fresh folder, which has the tenant `demo`.
///
/// # Errors
/// As [`Server::start`].
pub fn fresh() -> anyhow::Result<(TempDir, Server)> {
    let folder = TempDir::new()?;
    let server = Server::start(folder.path())?;
    Ok((folder, server))
}

/// `scimlet` on the database in this folder.
///
/// # Errors
/// If the binary does not build.
pub fn command(folder: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(binary()?);
    command.current_dir(folder).stdin(Stdio::null());
    Ok(command)
}

/// Runs `scimlet` on the database of a server in this folder.
///
/// # Errors
/// If it fails.
pub fn command_on(folder: &Path, server: &Server, arguments: &[&str]) -> anyhow::Result<()> {
    let output = command(folder)?.args(arguments).args(&server.database).output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?} failed: {errors}");
    Ok(())
}

/// Runs a command with `--json`; returns the JSON that it prints.
///
/// # Errors
/// If it fails, or prints no JSON.
pub fn json(folder: &Path, arguments: &[&str]) -> anyhow::Result<Value> {
    let output = command(folder)?.args(arguments).arg("--json").output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{arguments:?} failed: {errors}");
    Ok(serde_json::from_slice(&output.stdout)?)
}
