//! Other SCIM servers, each in a process of its own that prints where it listens. `tests/peers/`
//! holds them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use super::Site;
use crate::{node, python};

/// A server that ends when it is dropped.
pub struct Peer(Child);

/// The secret that peers take.
const SECRET: &str = "peer";

impl Peer {
    /// `scimmy` on express.
    ///
    /// # Errors
    /// If there is no Node.js, or no packages.
    pub fn scimmy() -> anyhow::Result<(Self, Site)> {
        let folder = node::with("scimmy", &peers().join("scimmy"))?;
        let mut command = Command::new("node");
        Self::start(command.arg(folder.join("server.mjs"))).context("node is needed")
    }

    /// `scim2-server` under uvicorn.
    ///
    /// # Errors
    /// If there is no Python, or no packages.
    pub fn scim2_server() -> anyhow::Result<(Self, Site)> {
        let folder = peers().join("scim2-server");
        let python = python::with("scim2-server", &folder.join("requirements.txt"))?;
        let mut command = Command::new(python);
        Self::start(command.arg("-B").arg(folder.join("server.py")))
    }

    fn start(command: &mut Command) -> anyhow::Result<(Self, Site)> {
        let command = command.env("PEER_SECRET", SECRET).stdin(Stdio::null());
        let mut peer = Self(command.stdout(Stdio::piped()).spawn()?);
        let output = peer.0.stdout.take().context("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let url = line.trim().to_owned();
        anyhow::ensure!(url.starts_with("http://"), "it says `{url}`");
        let site = Site { url, secret: SECRET.to_owned(), known: None };
        Ok((peer, site))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // An error means that it has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}
