//! `scimlet audit`: verifies that the record of events is complete and unchanged.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::Subcommand;
use data_encoding::HEXLOWER;
use scimlet::feed::verify::{self, Break, Chain};
use scimlet::feed::{Checkpoint, End};
use scimlet::store::{CheckedBodies, Key};
use serde_json::{Value, json};

use super::context::{Context, line, pretty};
use super::events::failed;
use super::time::{now, seconds};
use super::unreadable;

/// Check the record of what happened in tenants.
#[derive(Subcommand)]
pub(super) enum Audit {
    /// Walk all events of a tenant and find any that was edited, emptied, removed or reordered, and
    /// compare what is stored with the digests that were written with it; the exit code is 1 if
    /// something is wrong.
    #[command(after_help = "Examples:\n  scimlet audit verify acme\n  \
        scimlet audit verify --checkpoint /mnt/elsewhere/checkpoint.json\n\n\
        Each event holds a digest over the one before it. Whoever can write the database could \
        make a new chain up to its end, or put an older copy in its place: `scimlet audit \
        checkpoint` says where the chains end, to be kept in another place and compared later. \
        Persons who were erased leave no gap: the bodies of events about them are empty, which is \
        right where their erasure is recorded behind, and how many is printed.\n\n\
        The body of each stored resource has a digest that finds what a disk or a memory did to \
        it. A damaged one is answered with 500 and not changed, until a backup is put in its \
        place; to take it as it is, set its `digest` in the table `entry` to NULL. Those that an \
        older scimlet wrote have no digest until they are written again.")]
    Verify {
        /// The tenant's name; all tenants without it.
        tenant: Option<String>,
        /// A file that `scimlet audit checkpoint` printed earlier: every event that it knows of has
        /// to be there.
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
    /// Print where the chains of events end, as JSON: keep it where those who can write the
    /// database cannot write.
    #[command(after_help = "Examples:\n  scimlet audit checkpoint acme\n  \
        scimlet audit checkpoint --output /mnt/elsewhere/checkpoint.json\n\n\
        `sequence` is the number of a tenant's last event, `digest` its digest, which covers all \
        events before it.")]
    Checkpoint {
        /// The tenant's name; all tenants without it.
        tenant: Option<String>,
        /// Write it to this file instead, in place of what is there.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

impl Audit {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        match self {
            Self::Verify { tenant, checkpoint } => {
                let checkpoint = checkpoint.as_deref().map(read).transpose()?;
                verify(context, tenant, checkpoint).await
            }
            Self::Checkpoint { tenant, output } => {
                let names = names(context, tenant).await?;
                let at = seconds(now());
                let checkpoint = Checkpoint::of(&*context.database, at, &names).await?;
                let text = serde_json::to_string_pretty(&checkpoint)?;
                match output {
                    None => line(&text),
                    Some(path) => write(&path, &text),
                }
            }
        }
    }
}

/// Returns the named tenant, or all tenants.
async fn names(context: &Context, tenant: Option<String>) -> anyhow::Result<Vec<String>> {
    if let Some(tenant) = tenant {
        return Ok(vec![tenant]);
    }
    let tenants = context.database.tenants().await?;
    Ok(tenants.into_iter().map(|tenant| tenant.name).collect())
}

fn read(path: &Path) -> anyhow::Result<Checkpoint> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| unreadable(&name.to_string()))?;
    serde_json::from_str(&text).with_context(|| format!("`{name}` is no checkpoint"))
}

/// Writes the file atomically: the old one stays until the new one is on disk.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let written = fs::File::create(&new).and_then(|mut file| {
        writeln!(file, "{text}")?;
        file.sync_all()?;
        fs::rename(&new, path)
    });
    written.with_context(|| format!("cannot write `{}`", path.display()))
}

/// The results for one tenant.
struct Found {
    tenant: String,
    chain: Result<Chain, Problem>,
    bodies: CheckedBodies,
}

/// A problem with a tenant's events.
#[derive(thiserror::Error, Debug)]
enum Problem {
    #[error("{0}")]
    Broken(Break),
    #[error("the tenant is gone, of which the checkpoint has {0} events")]
    Gone(u64),
}

async fn verify(
    context: &Context,
    tenant: Option<String>,
    checkpoint: Option<Checkpoint>,
) -> anyhow::Result<()> {
    let is_one = tenant.is_some();
    let known = |name: &str| checkpoint.as_ref().and_then(|known| known.tenant(name));
    if let (Some(name), true) = (&tenant, checkpoint.is_some()) {
        ensure!(known(name).is_some(), "the checkpoint has no tenant `{name}`");
    }
    let mut wanted = BTreeSet::new();
    if let (None, Some(checkpoint)) = (&tenant, &checkpoint) {
        wanted.extend(checkpoint.tenants.iter().map(|end| end.tenant.clone()));
    }
    wanted.extend(names(context, tenant).await?);
    let mut all = Vec::new();
    for name in wanted {
        let known = known(&name).cloned();
        all.push(Found::of(context, name, known).await?);
    }
    report(context, &all, is_one)
}

/// Prints the results, and fails if there are problems.
fn report(context: &Context, all: &[Found], is_one: bool) -> anyhow::Result<()> {
    let json = all.iter().map(Found::json);
    if context.json {
        let json = match (all, is_one) {
            ([one], true) => one.json(),
            _ => json.collect::<Value>(),
        };
        line(&pretty(&json))?;
    } else {
        for found in all {
            if let Some(text) = found.text() {
                line(&if is_one { text } else { format!("{}: {text}", found.tenant) })?;
            }
        }
    }
    let problems: Vec<String> = all.iter().flat_map(Found::problems).collect();
    if !problems.is_empty() {
        bail!("{}", problems.join("; "));
    }
    Ok(())
}

impl Found {
    async fn of(context: &Context, tenant: String, known: Option<End>) -> anyhow::Result<Self> {
        let is_there = context.database.open(&tenant).await?.is_some();
        if let (Some(known), false) = (&known, is_there) {
            return Ok(Self {
                tenant,
                chain: Err(Problem::Gone(known.sequence)),
                bodies: CheckedBodies::default(),
            });
        }
        let store = context.store(&tenant).await?;
        let known = known.as_ref().map(End::head);
        let chain = verify::chain(&*store, known).await.map_err(failed)?;
        let bodies = verify::bodies(&*store).await;
        Ok(Self {
            chain: chain.map_err(Problem::Broken),
            bodies: bodies.map_err(|refusal| {
                anyhow::anyhow!("the bodies in `{tenant}` cannot be read: {refusal:?}")
            })?,
            tenant,
        })
    }

    fn text(&self) -> Option<String> {
        let chain = self.chain.as_ref().ok()?;
        let (events, erased) = (chain.head.sequence, chain.erased);
        let (checked, without) = (self.bodies.checked, self.bodies.without_digest);
        let digest = HEXLOWER.encode(&chain.head.digest);
        let mut text = format!(
            "all {events} events are as they were recorded, {erased} of them about persons who \
            were erased since\n\
             digest  {digest}"
        );
        if self.bodies.damaged.is_empty() {
            text += &format!(
                "\nall {checked} stored bodies are as they were written; {without} more have \
                 no digest yet"
            );
        }
        Some(text)
    }

    fn json(&self) -> Value {
        let damaged = self.bodies.damaged.iter();
        let damaged = damaged.map(|key| json!({ "type": key.kind, "id": key.id }));
        let mut json = json!({
            "tenant": self.tenant,
            "intact": self.chain.is_ok() && self.bodies.damaged.is_empty(),
            "bodies": {
                "checked": self.bodies.checked,
                "withoutDigest": self.bodies.without_digest,
                "damaged": damaged.collect::<Value>(),
            },
        });
        match &self.chain {
            Ok(chain) => {
                json["events"] = chain.head.sequence.into();
                json["emptied"] = chain.erased.into();
                json["digest"] = HEXLOWER.encode(&chain.head.digest).into();
            }
            Err(problem) => {
                json["event"] = problem.event().into();
                json["problem"] = problem.to_string().into();
            }
        }
        json
    }

    /// Returns one sentence for each problem.
    fn problems(&self) -> Vec<String> {
        let tenant = &self.tenant;
        let chain = self.chain.as_ref().err();
        let chain = chain.map(|problem| format!("the audit of `{tenant}` is broken: {problem}"));
        let damaged = self.bodies.damaged.iter().map(|key| {
            let Key { kind, id } = key;
            format!(
                "the stored body of {kind} `{id}` in `{tenant}` is not the one that was written"
            )
        });
        chain.into_iter().chain(damaged).collect()
    }
}

impl Problem {
    /// Returns the sequence number of the event with the problem.
    fn event(&self) -> u64 {
        match self {
            Self::Broken(broken) => broken.event(),
            Self::Gone(_) => 1,
        }
    }
}
