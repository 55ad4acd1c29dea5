//! Limits the number of long-lived responses, such as event streams: per tenant, and in total.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;

use super::problem::Problem;

/// Retry-After, in seconds, for a tenant at its limit.
const RETRY_SECONDS: u64 = 10;

/// The open streams. Clones share them.
#[derive(Clone)]
pub(super) struct Streams {
    per_tenant: usize,
    all: usize,
    open: Arc<Mutex<BTreeMap<String, usize>>>,
}

/// An open stream, until it is dropped.
pub(super) struct Stream {
    streams: Streams,
    tenant: String,
}

impl Streams {
    /// Creates the limits per tenant and in total.
    pub(super) fn new(per_tenant: usize, all: usize) -> Self {
        Self { per_tenant, all, open: Arc::default() }
    }

    /// Opens a stream.
    ///
    /// # Errors
    /// 429 if the tenant has reached its limit, 503 if all tenants together have.
    pub(super) fn open(&self, tenant: &str) -> Result<Stream, Problem> {
        let mut open = self.lock();
        let of_tenant = open.get(tenant).copied().unwrap_or(0);
        if of_tenant >= self.per_tenant {
            let detail = format!(
                "the tenant's clients may follow its events {} times at once",
                self.per_tenant
            );
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, detail);
            return Err(problem.retry_after(RETRY_SECONDS));
        }
        if open.values().sum::<usize>() >= self.all {
            return Err(Problem::busy("too many clients follow events"));
        }
        open.insert(tenant.to_owned(), of_tenant + 1);
        Ok(Stream { streams: self.clone(), tenant: tenant.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        if let Some(of_tenant) = open.get_mut(&self.tenant) {
            *of_tenant -= 1;
            if *of_tenant == 0 {
                open.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    #[test]
    fn a_tenant_and_all_together_have_a_cap() {
        let streams = Streams::new(2, 3);
        let refused = |tenant| streams.open(tenant).err().map(|p| p.into_response().status());
        let first = streams.open("a").ok();
        let _second = streams.open("a").ok();
        assert_eq!(refused("a"), Some(StatusCode::TOO_MANY_REQUESTS));
        let _third = streams.open("b").ok();
        assert_eq!(refused("b"), Some(StatusCode::SERVICE_UNAVAILABLE));
        drop(first);
        assert_eq!(refused("b"), None);
    }
}
