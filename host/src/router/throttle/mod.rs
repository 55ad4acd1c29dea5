//! Rate limits: for addresses whose credentials are refused again and again, and for tenants whose
//! clients send more requests than their profile allows.
//!
//! Both are leaking buckets in bounded maps, which drop the least recently used entries. A server
//! starts with empty maps, and servers of one database do not share them.

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

/// The prefix of headers that are only for the host.
const HOST_PREFIX: &str = "x-scimlet-";

/// Rate limits by address and by tenant.
pub(super) struct Throttle {
    failures: Failures,
    rates: Rates,
    /// Tenants that the log has already warned about.
    warned: Mutex<BTreeSet<String>>,
}

impl Throttle {
    /// Allows an address `failures` refused credentials per minute.
    pub(super) fn new(failures: u32) -> Self {
        Self {
            failures: Failures::new(failures),
            rates: Rates::default(),
            warned: Mutex::default(),
        }
    }

    /// Checks the address of a request without credentials.
    ///
    /// # Errors
    /// 429 if the address has exceeded its limit.
    pub(super) fn check(&self, address: &str, now: Instant) -> Result<(), Problem> {
        match address.parse() {
            Ok(address) => self.failures.check(address, now),
            Err(_) => Ok(()),
        }
    }

    /// Sets a tenant's rate, as the guest reported it for a good credential.
    pub(super) fn learn(&self, tenant: &str, rate: Option<u32>, open: bool, now: Instant) {
        self.rates.learn(tenant, rate, open, now);
    }

    /// Returns whether to check if the profile has changed before a request is refused. Limited, so
    /// that a busy client does not cause a check for each request.
    pub(super) fn may_ask(&self, tenant: &str, now: Instant) -> bool {
        self.rates.may_ask(tenant, now)
    }

    /// Returns true once for each tenant.
    pub(super) fn is_first(&self, tenant: &str) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        warned.insert(tenant.to_owned())
    }

    /// Counts a request against the tenant's rate, before the guest is called.
    ///
    /// # Errors
    /// 429 if the tenant has exceeded its rate.
    pub(super) fn admit(&self, tenant: &str, now: Instant) -> Result<(), Problem> {
        self.rates.admit(tenant, now)
    }

    /// Accounts for the guest's response, and removes the headers that are only for the host.
    ///
    /// # Errors
    /// 429 in place of a refused credential too many.
    pub(super) fn settle(
        &self,
        tenant: &str,
        address: Option<&str>,
        mut answer: Response,
        now: Instant,
    ) -> Result<Response, Problem> {
        self.rates.settle(tenant, &mut answer, now);
        answer.headers.retain(|(name, _)| !name.starts_with(HOST_PREFIX));
        self.slow_down(address, answer, now)
    }

    /// Counts the response if it refuses a credential.
    ///
    /// # Errors
    /// 429 in its place if the address has exceeded its limit.
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

/// 429 with the wait in whole seconds.
fn too_many(detail: &str, wait: Duration) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, detail).retry_after(whole_seconds(wait).max(1))
}

fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
