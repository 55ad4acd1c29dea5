//! The four real systems of `systems.md`, each as its preset and nothing else, driven as Okta
//! drives them: the real binary, over HTTP, with the request shapes of `clients.md`. A file for
//! each section, a trial for each bullet, in that order and in its words. Every bullet has a
//! number; `numbers` fails where one has none.

mod cognism;
mod cognism_seats;
mod cortex;
mod cortex_leaving;
mod cyolo;
mod implied;
mod keepnet;
mod numbers;
mod okta;
mod product;
mod story;

use libtest_mimic::Trial;

use crate::trial;

/// The trials of all bullets, and the story of each system.
pub fn trials() -> Vec<Trial> {
    let sections = [
        cognism::section(),
        cyolo::section(),
        keepnet::section(),
        cortex::section(),
        implied::section(),
    ];
    let mut trials = vec![numbers::trial(&sections)];
    for section in sections {
        trials.extend(section.bullets.into_iter().map(|bullet| bullet.trial));
        trials.extend(section.story);
    }
    trials
}

/// A section of `systems.md`.
struct Section {
    heading: &'static str,
    bullets: Vec<Bullet>,
    /// The trial of a user's whole life in the system.
    story: Option<Trial>,
}

/// A bullet of a section.
struct Bullet {
    number: String,
    /// The words that the bullet begins with.
    words: &'static str,
    trial: Trial,
}

impl Section {
    /// Returns a section without bullets.
    fn new(heading: &'static str) -> Self {
        Self { heading, bullets: Vec::new(), story: None }
    }

    /// The next bullet.
    fn bullet<R: Future<Output = anyhow::Result<()>>>(
        mut self,
        number: &str,
        words: &'static str,
        run: impl FnOnce() -> R + Send + 'static,
    ) -> Self {
        let name = format!("systems::{}::{number} {words}", self.heading);
        self.bullets.push(Bullet { number: number.to_owned(), words, trial: trial(name, run) });
        self
    }

    fn story<R: Future<Output = anyhow::Result<()>>>(
        mut self,
        run: impl FnOnce() -> R + Send + 'static,
    ) -> Self {
        let name = format!("systems::{}::story", self.heading);
        self.story = Some(trial(name, run));
        self
    }
}
