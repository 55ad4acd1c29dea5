//! `scimlet events`: prints what happened in a tenant.

use std::io::{ErrorKind, Write as _, stdout};

use clap::{Args, ValueEnum};
use scimlet::escape;
use scimlet::feed::{CommitNotifier, FeedPosition, FollowError, Follower, Line};
use scimlet::store::{Channel as Stored, RecordedEvent, Refusal};

use super::context::Context;
use super::{shutdown, time};

/// Print the events of a tenant, one a line.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  scimlet events acme\n  scimlet events acme --follow --json\n  \
    scimlet events acme --channel audit --after 1200\n\n\
    With --json each line is one JSON object; `at` is in seconds since 1970, `subject` is relative \
    to the tenant's SCIM base URL, and `data` is null where a person was erased. `id` is what to \
    go on behind with --after: an id from before an older copy of the database was put in its \
    place is refused, where a number would go on behind another event."
)]
pub(super) struct Events {
    /// The tenant's name.
    tenant: String,
    /// Begin after this event, by its number or its id.
    #[arg(long, value_name = "NUMBER|ID", default_value = "0")]
    after: FeedPosition,
    /// The epoch that the number is from, as `scimlet audit checkpoint` prints it.
    #[arg(long, value_name = "ID")]
    epoch: Option<String>,
    /// Go on until interrupted, as events are committed.
    #[arg(long)]
    follow: bool,
    /// Changes of resources, or what administrators did and what was refused, or both.
    #[arg(long, value_enum, default_value_t = Channel::Feed)]
    channel: Channel,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Channel {
    Feed,
    Audit,
    All,
}

impl Events {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let store = context.store(&self.tenant).await?;
        let begin = self.after.clone().with_epoch(self.epoch.clone());
        let mut follower = Follower::new(&CommitNotifier::default(), &self.tenant, store, begin);
        loop {
            let events = follower.read().await.map_err(unread)?;
            if events.is_empty() {
                break;
            }
            if !self.print(context, &events)? {
                return Ok(());
            }
        }
        if !self.follow {
            return Ok(());
        }
        let signal = shutdown::signal()?;
        tokio::select! {
            () = signal => Ok(()),
            ended = self.follow(context, &mut follower) => ended,
        }
    }

    /// Prints new events until stdout is closed.
    async fn follow(&self, context: &Context, follower: &mut Follower) -> anyhow::Result<()> {
        while self.print(context, &follower.next().await.map_err(unread)?)? {}
        Ok(())
    }

    /// Prints events at once, also into a pipe. Returns `false` if stdout is closed.
    fn print(&self, context: &Context, events: &[RecordedEvent]) -> anyhow::Result<bool> {
        let mut stdout = stdout().lock();
        let wanted = events.iter().filter(|event| self.wants(event));
        let mut lines = wanted.map(|event| match context.json {
            true => escape::json(&Line::from(event).json()).into_owned(),
            false => escape::line(&text(event)).into_owned(),
        });
        let written = lines.try_for_each(|line| writeln!(stdout, "{line}"));
        match written.and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            written => Ok(written.map(|()| true)?),
        }
    }

    fn wants(&self, recorded: &RecordedEvent) -> bool {
        match self.channel {
            Channel::All => true,
            Channel::Feed => recorded.event.channel == Stored::Feed,
            Channel::Audit => recorded.event.channel == Stored::Audit,
        }
    }
}

fn text(recorded: &RecordedEvent) -> String {
    let Line { sequence, actor, name, subject, data, .. } = Line::from(recorded);
    let at = time::date(recorded.at);
    let subject = subject.unwrap_or_else(|| "-".to_owned());
    format!("{sequence}  {at}  {actor}  {name}  {subject}  {data}")
}

fn unread(error: FollowError) -> anyhow::Error {
    match error {
        FollowError::Lost(lost) => lost.into(),
        other => other.into(),
    }
}

pub(super) fn failed(refusal: Refusal) -> anyhow::Error {
    FollowError::Store(refusal).into()
}
