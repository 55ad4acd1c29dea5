//! A client of a server: JSON over HTTP with a bearer secret.

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::exchange::{Answer, Call, Endpoint, Http};
use crate::wording::mentions;

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

impl Http {
    /// A client with connections of its own.
    ///
    /// # Errors
    /// If there can be none.
    pub fn new(base: impl Into<String>, secret: impl Into<String>) -> anyhow::Result<Self> {
        Ok(Self {
            client: reqwest::Client::builder().no_proxy().build()?,
            base: base.into(),
            secret: secret.into(),
        })
    }

    /// Returns a client with the same secret for another base URL.
    #[must_use]
    pub fn at(&self, base: impl Into<String>) -> Self {
        Self { base: base.into(), ..self.clone() }
    }

    /// A request with the secret, and with a body unless it is null.
    #[must_use]
    pub fn call(&self, method: &str, target: &str, body: &Value) -> Call {
        let header = |name: &str, value: String| (name.to_owned(), value);
        let mut headers = vec![header("authorization", format!("Bearer {}", self.secret))];
        if !body.is_null() {
            headers.push(header("content-type", "application/scim+json".to_owned()));
        }
        Call {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body: if body.is_null() { String::new() } else { body.to_string() },
        }
    }

    /// Sends a request with a body.
    ///
    /// # Errors
    /// If no answer arrives.
    pub async fn ask(&self, method: &str, target: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.call(method, target, body)).await
    }

    /// Sends a GET.
    ///
    /// # Errors
    /// If no answer arrives.
    pub async fn get(&self, target: &str) -> anyhow::Result<Answer> {
        self.ask("GET", target, &Value::Null).await
    }

    /// The resources that a filter finds below a target, a thousand at most.
    ///
    /// # Errors
    /// If the answer is none, or not all fit on a page.
    pub async fn find(&self, target: &str, filter: &str) -> anyhow::Result<Vec<Value>> {
        let parameters = [("filter", filter), ("count", "1000")];
        let url = reqwest::Url::parse_with_params("http://any", parameters)?;
        let target = format!("{target}?{}", url.query().unwrap_or_default());
        let list = self.get(&target).await?.expect(200)?;
        let found = list["Resources"].as_array().context("a list has Resources")?;
        ensure!(list["totalResults"] == found.len(), "not on a page: {list}");
        Ok(found.clone())
    }
}

impl Answer {
    /// Expects a status; returns the body, null if there is none.
    ///
    /// # Errors
    /// If the status is another, or the body is no JSON.
    pub fn expect(&self, status: u16) -> anyhow::Result<Value> {
        ensure!(self.status == status, "{}, not {status}: {}", self.status, self.body);
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_str(&self.body)?)
    }

    /// Expects an error of this status in SCIM's form (RFC 7644 section 3.12), whose detail
    /// mentions these names and values; returns it.
    ///
    /// # Errors
    /// If the status is another, or this is no such error.
    pub fn refusal(&self, status: u16, names: &[&str]) -> anyhow::Result<Value> {
        let error = self.expect(status)?;
        ensure!(error["schemas"] == json!([ERROR]), "{error}");
        ensure!(text(&error, "status")?.parse() == Ok(status), "{error}");
        let media_type = self.header("content-type").context("no media type")?;
        ensure!(media_type == "application/scim+json", "{media_type}");
        let detail = text(&error, "detail")?;
        ensure!(!detail.is_empty(), "{error}");
        for name in names {
            ensure!(mentions(detail, name), "`{detail}` does not say `{name}`");
        }
        Ok(error)
    }

    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The body of a PATCH with these operations.
#[must_use]
pub fn patch(operations: Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
}

/// The text of a document's member, such as its `id`.
///
/// # Errors
/// If there is none.
pub fn text<'v>(document: &'v Value, name: &str) -> anyhow::Result<&'v str> {
    let text = document[name].as_str();
    text.with_context(|| format!("no `{name}` in {document}"))
}

/// Runs futures at the same time; returns their results in no order, or the first error.
///
/// # Errors
/// As what is run, or if that panics.
pub async fn together<T: Send + 'static>(
    tasks: impl IntoIterator<Item = impl Future<Output = anyhow::Result<T>> + Send + 'static>,
) -> anyhow::Result<Vec<T>> {
    let mut set: JoinSet<_> = tasks.into_iter().collect();
    let mut results = Vec::new();
    while let Some(result) = set.join_next().await {
        results.push(result??);
    }
    Ok(results)
}
