//! Limits the requests of each tenant to what its profile allows.
//!
//! The guest reports the rate when it checks a credential, and in every response. Only requests
//! with a good credential count, so that no client without one can use up a tenant's allowance.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use hashlink::LruCache;

use super::{too_many, whole_seconds};
use crate::http::Response;
use crate::router::problem::Problem;

/// The most tenants that are remembered.
const TENANTS: usize = 1 << 16;
/// Seconds of allowance that a tenant may owe at most.
const MOST_DEBT: f64 = 60.0;
/// The least time between two checks of the profile of a tenant without allowance.
const LOOK: Duration = Duration::from_millis(50);

/// The requests per second in each response of the guest, if the profile limits them.
const RATE: &str = "x-scimlet-rate";
/// The number of requests that a response counts as; 1 if absent.
const COST: &str = "x-scimlet-cost";
/// In responses to tenants whose clients are told the limit.
const POLICY: &str = "ratelimit-policy";
const LEFT: &str = "ratelimit";

/// The remaining allowances of tenants.
pub(super) struct Rates(Mutex<LruCache<String, Bucket>>);

impl Default for Rates {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(TENANTS)))
    }
}

impl Rates {
    /// Takes one request from the tenant's allowance.
    ///
    /// # Errors
    /// 429 if none is left.
    pub(super) fn admit(&self, tenant: &str, now: Instant) -> Result<(), Problem> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get_mut(tenant).map_or(Ok(()), |bucket| bucket.take_one(now))
    }

    /// Sets the rate from the profile. A changed rate begins with a full allowance.
    pub(super) fn learn(&self, tenant: &str, rate: Option<u32>, open: bool, now: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(rate) = rate.map(f64::from).filter(|rate| *rate > 0.0) else {
            known.remove(tenant);
            return;
        };
        let bucket = known.entry(tenant.to_owned()).or_insert_with(|| Bucket::new(rate, now));
        if bucket.rate.total_cmp(&rate).is_ne() {
            *bucket = Bucket::new(rate, now);
        }
        bucket.is_closed = !open;
    }

    /// Returns whether a check of the profile is due, and starts the interval to the next one.
    pub(super) fn may_ask(&self, tenant: &str, now: Instant) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = known.get_mut(tenant) else {
            return true;
        };
        let last = bucket.looked.replace(now);
        let is_due = last.is_none_or(|last| now.duration_since(last) >= LOOK);
        if !is_due {
            bucket.looked = last;
        }
        is_due
    }

    /// Accounts for a response: sets the rate, charges a cost above one request, and adds the
    /// remaining allowance if the policy is reported.
    pub(super) fn settle(&self, tenant: &str, answer: &mut Response, now: Instant) {
        let rate = number(answer, RATE).filter(|rate| *rate > 0.0);
        let cost = number(answer, COST).unwrap_or(1.0);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rate) = rate {
            let policy = header(answer, POLICY).map(str::to_owned);
            let new = || Bucket::new(rate, now).without_one();
            let bucket = known.entry(tenant.to_owned()).or_insert_with(new);
            (bucket.rate, bucket.policy) = (rate, policy);
        } else if (200..400).contains(&answer.status) {
            // A success without the header means no limit. An error response may lack the header.
            known.remove(tenant);
        }
        let Some(bucket) = known.get_mut(tenant) else {
            return;
        };
        let refused = answer.status == StatusCode::UNAUTHORIZED;
        if rate.is_some() {
            bucket.is_closed = cost == 0.0;
        }
        bucket.charge(if refused { -1.0 } else { cost - 1.0 }, now);
        if header(answer, POLICY).is_some() {
            answer.headers.push((LEFT.to_owned(), bucket.limit_header()));
        }
    }
}

/// The allowance of one tenant.
struct Bucket {
    /// Requests per second, which is also the most requests at once.
    rate: f64,
    /// Negative after a response that cost more than was left.
    left: f64,
    at: Instant,
    /// The policy as clients are told; `None` if they are not.
    policy: Option<String>,
    /// Whether all requests are answered with 403 and cost nothing.
    is_closed: bool,
    /// When the profile was last checked because nothing was left.
    looked: Option<Instant>,
}

impl Bucket {
    /// Starts with a full allowance.
    fn new(rate: f64, at: Instant) -> Self {
        Self { rate, left: rate, at, policy: None, is_closed: false, looked: None }
    }

    /// Deducts a request that was admitted before the bucket existed.
    fn without_one(self) -> Self {
        let left = self.left - 1.0;
        Self { left, ..self }
    }

    fn take_one(&mut self, now: Instant) -> Result<(), Problem> {
        self.charge(0.0, now);
        if self.is_closed {
            return Ok(());
        }
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        let detail = "the tenant's clients ask more often than they may";
        let problem = too_many(detail, self.time_for(1.0 - self.left));
        Err(match &self.policy {
            Some(policy) => problem.with(POLICY, policy).with(LEFT, self.limit_header()),
            None => problem,
        })
    }

    fn charge(&mut self, cost: f64, now: Instant) {
        let earned = now.duration_since(self.at).as_secs_f64() * self.rate;
        let left = (self.left + earned).min(self.rate) - cost;
        self.left = left.clamp(-MOST_DEBT * self.rate, self.rate);
        self.at = now;
    }

    /// Returns the remaining requests, and the seconds until the allowance is full
    /// (draft-ietf-httpapi-ratelimit-headers).
    fn limit_header(&self) -> String {
        let left = self.left.max(0.0).floor();
        let full = whole_seconds(self.time_for(self.rate - self.left));
        format!("\"default\";r={left};t={full}")
    }

    fn time_for(&self, requests: f64) -> Duration {
        Duration::from_secs_f64(requests / self.rate)
    }
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    let mut headers = answer.headers.iter();
    let (_, value) = headers.find(|(header, _)| header == name)?;
    Some(value)
}

fn number(answer: &Response, name: &str) -> Option<f64> {
    let number: u32 = header(answer, name)?.parse().ok()?;
    Some(f64::from(number))
}
