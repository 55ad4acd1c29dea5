//! Recorded exchanges: requests as clients send them, byte for byte, and the answers that are
//! right.
//!
//! A file holds steps one after another:
//!
//! ```text
//! === what the client is after
//! # rfc7644-002 rfc7644-003
//! POST /Users?attributes=id
//! Content-Type: application/scim+json; charset=utf-8
//!
//! {"schemas": …}
//! --- 201
//! location: ${base}/Users/${user}
//!
//! {"id": "${user}", …}
//! ```
//!
//! A line that begins with `# ` names the examples printed in RFCs that the step is, by their ids
//! in the supplied `rfc/examples.jsonl`. The answer's headers are those that matter, its body is
//! the whole document; `-` instead of a body says that whatever there is does not matter. `${name}`
//! stands for any text where it comes first, and for the same text from then on, in requests too.
//! Known from the beginning is `${base}`, the tenant's base URL. Lines before the first step are
//! comments, but for those that begin with `> `: headers which the client sends with every request
//! that does not name them itself, and for one that begins with `profile: `: the tenant's, in place
//! of the default one. A line `needs: ` between a step's title and its request lists the clients'
//! quirks without which the step goes wrong.
//!
//! The wording of an error's `detail` is the service's. Recorded of it is nothing, or a list of the
//! names and values that it must contain, such as `"detail": ["userName", "1000"]`: each stands
//! there as a word of its own. A text that is not empty has to be there in any case.

mod detail;
mod endpoint;
mod run;
mod template;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};

pub use endpoint::{Answer, Call, Endpoint, Http, InProcess, TENANT};
pub use run::{Running, run};
pub use template::Bindings;

/// The profile of exchanges that name none.
pub const DEFAULT: &str = r#"{"extends":"default"}"#;

/// A recorded exchange.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The file's name without its ending.
    pub name: String,
    /// The tenant's profile.
    pub profile: String,
    /// The steps, in their order.
    pub steps: Vec<Step>,
}

/// One request, and the answer that is right.
#[derive(Clone, Debug)]
pub struct Step {
    /// The purpose of the request, in words.
    pub title: String,
    /// The quirks without which the step goes wrong.
    pub needs: Vec<String>,
    /// The ids of the RFCs' printed examples that the step is.
    pub printed: Vec<String>,
    /// The request, with placeholders.
    pub call: Call,
    /// The right answer's status.
    pub status: u16,
    /// The headers that the answer must have.
    pub headers: Vec<(String, String)>,
    /// The answer's body: `None` if it does not matter, empty if there must be none.
    pub body: Option<String>,
}

/// All recorded exchanges, in the order of their names.
///
/// # Errors
/// If a file cannot be read or is none.
pub fn all() -> anyhow::Result<Vec<Exchange>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("exchanges");
    let mut exchanges = Vec::new();
    for file in fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))? {
        let path = file?.path();
        if path.extension().is_some_and(|ending| ending == "http") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path)?;
            let steps = parse(&text).with_context(|| path.display().to_string())?;
            let profile = text.lines().find_map(|line| line.strip_prefix("profile: "));
            let profile = profile.unwrap_or(DEFAULT).to_owned();
            exchanges.push(Exchange { name, profile, steps });
        }
    }
    exchanges.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(exchanges)
}

fn parse(text: &str) -> anyhow::Result<Vec<Step>> {
    let mut parts = text.split("\n=== ");
    let preamble = parts.next().unwrap_or_default();
    let common: Vec<&str> = preamble.lines().filter_map(|line| line.strip_prefix("> ")).collect();
    let (common, _) = parse_message(&common.join("\n"))?;
    parts
        .map(|step| {
            let (title, rest) = step.split_once('\n').context("a step without a request")?;
            let mut step = parse_step(title, rest).with_context(|| format!("step `{title}`"))?;
            let own = std::mem::take(&mut step.call.headers);
            let named = |(name, _): &&(String, String)| own.iter().any(|(own, _)| own == name);
            let common = common.iter().filter(|header| !named(header)).cloned();
            step.call.headers = common.chain(own.iter().cloned()).collect();
            Ok(step)
        })
        .collect()
}

fn parse_step(title: &str, text: &str) -> anyhow::Result<Step> {
    let (examples, text) = match text.strip_prefix("# ") {
        Some(rest) => rest.split_once('\n').context("no request")?,
        None => ("", text),
    };
    let (needs, text) = match text.strip_prefix("needs: ") {
        Some(text) => text.split_once('\n').context("nothing is asked")?,
        None => ("", text),
    };
    let needs = needs.split(", ").filter(|name| !name.is_empty());
    let (request, answer) = text.split_once("\n--- ").context("no line `--- STATUS`")?;
    let (line, rest) = request.split_once('\n').unwrap_or((request, ""));
    let (method, target) = line.split_once(' ').context("the request line has no path")?;
    let (headers, body) = parse_message(rest)?;
    let call = Call { method: method.into(), target: target.into(), headers, body };
    let (status, rest) = answer.split_once('\n').unwrap_or((answer, ""));
    let (headers, body) = parse_message(rest)?;
    let body = (body != "-").then_some(body);
    if let Some(document) = body.as_deref().filter(|body| !body.is_empty()) {
        let document = serde_json::from_str(document).context("the recorded body")?;
        detail::check(&document, &call)?;
    }
    Ok(Step {
        title: title.into(),
        needs: needs.map(ToOwned::to_owned).collect(),
        printed: examples.split_whitespace().map(str::to_owned).collect(),
        call,
        status: status.trim().parse()?,
        headers,
        body,
    })
}

/// Header lines, an empty line, and a body without white space around it.
fn parse_message(text: &str) -> anyhow::Result<(Vec<(String, String)>, String)> {
    let mut lines = text.lines();
    let mut headers = Vec::new();
    for line in lines.by_ref().take_while(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(": ") else { bail!("`{line}` is no header") };
        headers.push((name.to_owned(), value.to_owned()));
    }
    let body: Vec<&str> = lines.collect();
    Ok((headers, body.join("\n").trim().to_owned()))
}
