//! Runs an exchange and judges each answer.

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use super::{Answer, Bindings, Call, Endpoint, Exchange, Step};

/// Sends the steps one after another; returns the answers, all of which were right.
///
/// # Errors
/// At the first answer that is not right; says which and how.
pub async fn run(exchange: &Exchange, endpoint: &dyn Endpoint) -> anyhow::Result<Vec<Answer>> {
    let mut running = Running::new(endpoint);
    let mut answers = Vec::new();
    for step in &exchange.steps {
        let answer = running.step(step).await;
        answers.push(answer.with_context(|| exchange.name.clone())?);
    }
    Ok(answers)
}

/// An exchange of which some steps have been done.
pub struct Running<'e> {
    endpoint: &'e dyn Endpoint,
    bindings: Bindings,
}

impl<'e> Running<'e> {
    /// Begins at an endpoint.
    #[must_use]
    pub fn new(endpoint: &'e dyn Endpoint) -> Self {
        let bindings = Bindings::new(endpoint.base());
        Self { endpoint, bindings }
    }

    /// Sends one step; returns the answer, which was right.
    ///
    /// # Errors
    /// If the answer is not right; says which and how.
    pub async fn step(&mut self, step: &Step) -> anyhow::Result<Answer> {
        let call = filled(&step.call, &self.bindings, self.endpoint.secret());
        let answer = self.endpoint.send(call).await?;
        judge(step, &answer, &mut self.bindings)
            .with_context(|| format!("{}\nthe answer was {answer:?}", step.title))?;
        Ok(answer)
    }
}

fn filled(call: &Call, bindings: &Bindings, secret: &str) -> Call {
    let fill = |text: &str| bindings.fill(text);
    let mut headers: Vec<_> =
        call.headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
        headers.push(("Authorization".to_owned(), format!("Bearer {secret}")));
    }
    Call {
        method: call.method.clone(),
        target: fill(&call.target),
        headers,
        body: fill(&call.body),
    }
}

fn judge(step: &Step, answer: &Answer, bindings: &mut Bindings) -> anyhow::Result<()> {
    ensure!(answer.status == step.status, "status {}, not {}", answer.status, step.status);
    for (name, template) in &step.headers {
        let found = answer.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        let Some((_, value)) = found else { bail!("no header {name}") };
        ensure!(bindings.matches(template, value), "header {name} is `{value}`, not `{template}`");
    }
    match step.body.as_deref() {
        None => Ok(()),
        Some("") => {
            ensure!(answer.body.is_empty(), "a body where none should be");
            Ok(())
        }
        Some(template) => {
            let template: Value = serde_json::from_str(template).context("the recorded body")?;
            let document = serde_json::from_str(&answer.body).context("the answer's body")?;
            match bindings.difference(&template, &document, "") {
                None => Ok(()),
                Some(difference) => bail!(difference),
            }
        }
    }
}
