//! One of the clients that write until the server dies.

use anyhow::{Context, ensure};
use scimlet_tests::dice::Dice;
use scimlet_tests::exchange::{Endpoint, Http};
use tokio::sync::mpsc::UnboundedSender;

use super::state::{State, Step};

/// A client that remembers the state that was acknowledged, and the one request that was not.
pub struct Writer {
    prefix: String,
    dice: Dice,
    made: u64,
    state: State,
    deleted: Vec<String>,
    pending: Option<Step>,
}

impl Writer {
    /// A client all of whose resources have names that begin so.
    pub fn new(prefix: String, dice: Dice) -> Self {
        Self { prefix, dice, made: 0, state: State::default(), deleted: Vec::new(), pending: None }
    }

    /// Writes one request after another until an answer does not arrive, and counts those that did.
    pub async fn run(mut self, http: Http, count: UnboundedSender<()>) -> anyhow::Result<Self> {
        loop {
            let step = self.choose();
            let (method, target, body) = self.state.request(&step);
            let Ok(answer) = http.ask(method, &target, &body).await else {
                self.pending = Some(step);
                return Ok(self);
            };
            let after = self.state.acknowledged(&step, &answer, http.base());
            self.state = after.with_context(|| format!("{step:?}"))?;
            if method == "DELETE" {
                self.deleted.push(target);
            }
            // Nobody counts any more once the server is being killed.
            let _ = count.send(());
        }
    }

    /// Compares what a server has now with what this client knows.
    ///
    /// # Errors
    /// If something acknowledged is not there, or something is there that nobody asked for, or
    /// answers contradict each other.
    pub async fn verify(&self, http: &Http) -> anyhow::Result<()> {
        let observed = State::observe(http, &self.prefix).await?;
        if let Some(difference) = self.state.difference(&observed) {
            let later = self.pending.as_ref().map(|step| self.state.after(step));
            let explained = later.is_some_and(|later| later.difference(&observed).is_none());
            let pending = &self.pending;
            ensure!(explained, "{difference}; not acknowledged was {pending:?}");
        }
        for name in [observed.names(false), observed.names(true)].concat() {
            self.verify_one(http, &observed, name).await?;
        }
        for target in &self.deleted {
            let answer = http.get(target).await?;
            answer.expect(404).context("a deleted resource is back")?;
        }
        Ok(())
    }

    /// Expects that a read by id shows what lists show, and that a filter finds the resource by its
    /// name.
    async fn verify_one(&self, http: &Http, observed: &State, name: &str) -> anyhow::Result<()> {
        let target = observed.target(name);
        let document = http.get(&target).await?.expect(200)?;
        let (all, path) = match target.starts_with("/Users/") {
            true => ("/Users", "userName"),
            false => ("/Groups", "displayName"),
        };
        let found = http.find(all, &format!("{path} eq \"{name}\"")).await?;
        ensure!(found == [document.clone()], "{document} by its id, by its name {found:?}");
        Ok(())
    }

    fn choose(&mut self) -> Step {
        self.made += 1;
        let number = self.made;
        let users = self.state.names(false);
        let groups = self.state.names(true);
        let dice = &mut self.dice;
        let user = dice.pick(&users).map(|name| (*name).to_owned());
        let group = dice.pick(&groups).map(|name| (*name).to_owned());
        let create = || Step::CreateUser(format!("{}u{number}", self.prefix));
        match (dice.below(12), user, group) {
            (0..3, Some(user), _) => Step::Retitle { user, title: format!("title {number}") },
            (3..7, Some(user), Some(group)) if !self.state.has(&group, &user) => {
                Step::Join { group, user }
            }
            (7, Some(user), _) => {
                Step::CreateGroup { name: format!("{}g{number}", self.prefix), members: vec![user] }
            }
            (8, Some(user), _) => Step::Delete(user),
            (9, _, Some(group)) if users.len() > 2 => Step::Delete(group),
            _ => create(),
        }
    }
}
