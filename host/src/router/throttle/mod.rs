//! Who is slowed down: an address whose credentials keep being refused, and a tenant that asks more
//! often than its profile allows.
//!
//! Both are leaking buckets in bounded maps; what is forgotten first is what was not used for
//! longest. A server that starts again begins with empty ones, and servers over one database do not
//! share them.

mod failures;
mod rates;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;

use super::problem::Problem;
use crate::http::Response;
use failures::Failures;
use rates::Rates;

/// How headers begin that are for the host alone.
const OURS: &str = "x-scimlet-";

/// Counts, and slows down.
pub(super) struct Throttle {
    failures: Failures,
    rates: Rates,
    /// Tenants of which the log has been warned.
    warned: Mutex<BTreeSet<String>>,
}

impl Throttle {
    /// With so many refused credentials allowed to an address in a minute.
    pub(super) fn new(failures: u32) -> Self {
        Self {
            failures: Failures::new(failures),
            rates: Rates::default(),
            warned: Mutex::default(),
        }
    }

    /// Refuses a request without any credential from an address that is slowed down.
    pub(super) fn check(&self, address: &str, now: Instant) -> Result<(), Problem> {
        match address.parse() {
            Ok(address) => self.failures.check(address, now),
            Err(_) => Ok(()),
        }
    }

    /// What the tenant's clients may ask for at present, from one whose credential is good.
    pub(super) fn learn(&self, tenant: &str, rate: Option<u32>, open: bool, now: Instant) {
        self.rates.learn(tenant, rate, open, now);
    }

    /// Whether to look, before a tenant's request is refused, if its profile has changed; not as
    /// often as it asks.
    pub(super) fn may_ask(&self, tenant: &str, now: Instant) -> bool {
        self.rates.may_ask(tenant, now)
    }

    /// True once for each tenant.
    pub(super) fn is_first(&self, tenant: &str) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        warned.insert(tenant.to_owned())
    }

    /// Before the guest is asked: takes one request off the tenant's allowance, or refuses.
    pub(super) fn admit(&self, tenant: &str, now: Instant) -> Result<(), Problem> {
        self.rates.admit(tenant, now)
    }

    /// After it: what goes out in place of its answer, without the headers that are for the host
    /// alone.
    pub(super) fn settle(
        &self,
        tenant: &str,
        address: Option<&str>,
        mut answer: Response,
        now: Instant,
    ) -> Result<Response, Problem> {
        self.rates.settle(tenant, &mut answer, now);
        answer.headers.retain(|(name, _)| !name.starts_with(OURS));
        self.slow_down(address, answer, now)
    }

    /// The answer, unless it refuses one credential too many of this address.
    pub(super) fn slow_down(
        &self,
        address: Option<&str>,
        answer: Response,
        now: Instant,
    ) -> Result<Response, Problem> {
        let refused = answer.status == StatusCode::UNAUTHORIZED.as_u16();
        let address = address.filter(|_| refused);
        match address.and_then(|address| address.parse().ok()) {
            Some(address) => self.failures.count(address, now).map(|()| answer),
            None => Ok(answer),
        }
    }
}

/// 429, with whole seconds.
fn too_many(detail: &str, wait: Duration) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(whole_seconds(wait).max(1))
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
