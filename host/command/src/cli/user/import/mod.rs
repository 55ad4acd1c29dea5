//! `scimlet user import`: imports users of the product from a file, in batches; an interrupted
//! import can be continued.

mod lines;

use std::io::{IsTerminal as _, stderr};

use anyhow::{Context as _, ensure};
use clap::Args;
use scimlet::escape;
use scimlet::plugin::{Admin, Imported};
use serde_json::{Value, json};

use self::lines::Batch;
use super::super::context::{Context, small_plugin};
use super::super::shutdown;

/// Lines between two progress messages if stderr is not a terminal.
const PROGRESS_LINES: u64 = 1000;

/// Enter users of the product whom no identity provider has provisioned yet, from a file.
#[derive(Args)]
#[command(after_help = "Examples:\n  scimlet user import acme users.jsonl\n  \
                  scimlet user import acme users.jsonl --after 1200\n\n\
                  The file has one SCIM user a line, such as\n  \
                  {\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\
                  \"userName\":\"ada@example.com\"}\n\
                  One that is wrong, or whose userName is there, is skipped and reported at the \
                  end; so an import may be repeated as a whole.")]
pub(in super::super) struct Import {
    /// The tenant's name.
    tenant: String,
    /// One user a line, as JSON; '-' for the standard input.
    file: String,
    /// Continue after this line, as an import that was interrupted says.
    #[arg(long, value_name = "LINE", default_value_t = 0)]
    after: u64,
}

/// The outcome of the lines so far.
#[derive(Default)]
struct Report {
    /// The last line that is imported or skipped.
    line: u64,
    made: u64,
    skipped: Vec<(u64, String)>,
}

impl Import {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let mut signal = Box::pin(shutdown::signal()?);
        let plugin = small_plugin()?;
        let admin = context.admin(&plugin, &self.tenant).await?;
        let mut batches = lines::read(&self.file, self.after)?;
        let mut report = Report { line: self.after, ..Report::default() };
        let mut outcome = Ok(());
        while outcome.is_ok() {
            // A batch in progress is not interrupted: only the wait for the next one is.
            let batch = tokio::select! {
                () = &mut signal => Some(Err(anyhow::anyhow!("the import was interrupted"))),
                batch = batches.recv() => batch,
            };
            outcome = match batch {
                Some(Ok(batch)) => report.enter(&admin, batch).await,
                Some(Err(error)) => Err(error),
                None => break,
            };
        }
        self.finish(context, &report, outcome)
    }

    fn finish(
        &self,
        context: &Context,
        report: &Report,
        outcome: anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let line = report.line;
        let begun = line > self.after;
        if begun && stderr().is_terminal() {
            eprintln!();
        }
        if outcome.is_ok() {
            ensure!(line > 0, "there is no line in `{}`", self.file);
        }
        if begun || outcome.is_ok() {
            context.print(&report.text(), &report.json())?;
        }
        match begun {
            true => outcome.with_context(|| {
                format!("everything up to line {line} is in; go on with `--after {line}`")
            }),
            false => outcome,
        }
    }
}

impl Report {
    async fn enter(&mut self, admin: &Admin<'_>, batch: Batch) -> anyhow::Result<()> {
        let good = batch.lines.iter().filter_map(|(_, line)| line.as_ref().ok());
        let users: Vec<String> = good.cloned().collect();
        let answers = match users.is_empty() {
            true => Vec::new(),
            false => admin.import_users(&users).await?,
        };
        let mut answers = answers.into_iter();
        for (number, line) in batch.lines {
            let answer = match line {
                Ok(_) => answers.next().context("the component answered short")?,
                Err(reason) => Imported::Skipped(reason.to_owned()),
            };
            match answer {
                Imported::Made(_) => self.made += 1,
                Imported::Skipped(reason) => self.skipped.push((number, reason)),
            }
        }
        self.progress(batch.last);
        Ok(())
    }

    /// Reports progress: on a terminal after each batch, elsewhere now and then.
    fn progress(&mut self, line: u64) {
        let due = line / PROGRESS_LINES > self.line / PROGRESS_LINES;
        self.line = line;
        let text = self.summary();
        if stderr().is_terminal() {
            eprint!("\rline {line}: {text}");
        } else if due {
            eprintln!("line {line}: {text}");
        }
    }

    fn summary(&self) -> String {
        format!("{} made, {} skipped", self.made, self.skipped.len())
    }

    fn text(&self) -> String {
        let reasons = self.skipped.iter();
        let lines =
            reasons.map(|(line, reason)| format!("\nline {line}: {}", escape::line(reason)));
        self.summary() + &lines.collect::<String>()
    }

    fn json(&self) -> Value {
        let reasons = self.skipped.iter();
        let skipped = reasons.map(|(line, reason)| json!({ "line": line, "reason": reason }));
        json!({ "made": self.made, "skipped": skipped.collect::<Value>(), "lastLine": self.line })
    }
}
