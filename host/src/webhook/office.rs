//! What an operator sees of a tenant's webhooks, and can do.

use super::now;
use super::state::{Desk, Letter, Progress, letter_name, text};
use crate::plugin::Webhook;
use crate::store::Store;

/// How a webhook gets on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Where it is.
    pub url: String,
    /// Of the events up to this number each is delivered, of no interest, or one of the letters. `None` until a server has seen
    /// the webhook.
    pub cursor: Option<u64>,
    /// Events that are not delivered yet, dead ones included, by number.
    pub letters: Vec<Letter>,
}

/// A report on each of a tenant's webhooks.
///
/// # Errors
/// If the store fails.
pub async fn report(store: &dyn Store, webhooks: &[Webhook]) -> anyhow::Result<Vec<Report>> {
    let mut reports = Vec::new();
    for webhook in webhooks {
        let desk = Desk::open(store, &webhook.url).await?;
        let letters = match &desk {
            Some(desk) => desk.letters(store).await?.into_values().collect(),
            None => Vec::new(),
        };
        reports.push(Report {
            url: webhook.url.clone(),
            cursor: desk.map(|desk| desk.progress.cursor),
            letters,
        });
    }
    Ok(reports)
}

/// Puts all dead letters of a webhook back, to be tried as if they were new; how many there were.
///
/// # Errors
/// If the store fails.
pub async fn retry(store: &dyn Store, url: &str) -> anyhow::Result<usize> {
    loop {
        let Some(mut desk) = Desk::open(store, url).await? else {
            return Ok(0);
        };
        let mut changes = Vec::new();
        for letter in desk.letters(store).await?.into_values().filter(|l| l.dead) {
            let name = letter_name(&desk.id, letter.sequence);
            let alive = Letter {
                attempts: 0,
                first: 0,
                next: now(),
                dead: false,
                ..letter
            };
            changes.push((name, Some(text(&alive)?)));
        }
        let count = changes.len();
        let progress = Progress {
            round: desk.progress.round.saturating_add(1),
            ..desk.progress.clone()
        };
        // A worker writes often; in between there is a moment for this.
        if count == 0 || desk.write(store, progress, changes).await? {
            return Ok(count);
        }
    }
}
