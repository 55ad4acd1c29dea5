//! Requests of a tenant, by what its profile allows.
//!
//! The guest says so when it judges a credential, and on each answer. Only requests with a good
//! credential are counted, so that nobody can use up a tenant's allowance without one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use hashlink::LruCache;

use super::{too_many, whole_seconds};
use crate::http::Response;
use crate::router::problem::Problem;

/// Tenants that are remembered.
const TENANTS: usize = 1 << 16;
/// Seconds for which a tenant can have used up its allowance in advance.
const DEEPEST: f64 = 60.0;
/// How long at least between two looks at the profile of a tenant that has used up its allowance.
const LOOK: Duration = Duration::from_millis(50);

/// Requests a second, on each answer of the guest for a tenant whose profile limits them.
const RATE: &str = "x-scimlet-rate";
/// How many requests an answer counts as, if not as one.
const COST: &str = "x-scimlet-cost";
/// On answers for tenants whose clients are to be told.
const POLICY: &str = "ratelimit-policy";
const LEFT: &str = "ratelimit";

/// What is left to tenants of their allowances.
pub(super) struct Rates(Mutex<LruCache<String, Bucket>>);

impl Default for Rates {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(TENANTS)))
    }
}

impl Rates {
    /// Takes one request off what the tenant has left.
    pub(super) fn admit(&self, tenant: &str, now: Instant) -> Result<(), Problem> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get_mut(tenant)
            .map_or(Ok(()), |bucket| bucket.take_one(now))
    }

    /// Learns from the profile. A changed rate begins with all that it allows.
    pub(super) fn learn(&self, tenant: &str, rate: Option<u32>, open: bool, now: Instant) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(rate) = rate.map(f64::from).filter(|rate| *rate > 0.0) else {
            known.remove(tenant);
            return;
        };
        let bucket = known
            .entry(tenant.to_owned())
            .or_insert_with(|| Bucket::new(rate, now));
        if bucket.rate.total_cmp(&rate).is_ne() {
            *bucket = Bucket::new(rate, now);
        }
        bucket.is_closed = !open;
    }

    /// Whether a look at the profile is due; then the next one is not for a while.
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

    /// Learns from an answer, charges what it cost beyond the one request, and says what is left
    /// where the policy is said.
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
            // A success without it: there is no limit any more. A refusal need not say it.
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
            answer.headers.push((LEFT.to_owned(), bucket.said()));
        }
    }
}

/// What one tenant has left.
struct Bucket {
    /// Requests a second, and how many may come at once.
    rate: f64,
    /// Less than none after an answer that cost more than there was.
    left: f64,
    at: Instant,
    /// As clients are told, if they are.
    policy: Option<String>,
    /// Whether all requests are answered with 403, which count for nothing.
    is_closed: bool,
    /// When the profile was looked at because nothing was left.
    looked: Option<Instant>,
}

impl Bucket {
    /// With all that the rate allows.
    fn new(rate: f64, at: Instant) -> Self {
        Self {
            rate,
            left: rate,
            at,
            policy: None,
            is_closed: false,
            looked: None,
        }
    }

    /// Without what a request took that was admitted before.
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
            Some(policy) => problem.with(POLICY, policy).with(LEFT, self.said()),
            None => problem,
        })
    }

    fn charge(&mut self, cost: f64, now: Instant) {
        let earned = now.duration_since(self.at).as_secs_f64() * self.rate;
        let left = (self.left + earned).min(self.rate) - cost;
        self.left = left.clamp(-DEEPEST * self.rate, self.rate);
        self.at = now;
    }

    /// How many are left, and in how many seconds all of them will be
    /// (draft-ietf-httpapi-ratelimit-headers).
    fn said(&self) -> String {
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
