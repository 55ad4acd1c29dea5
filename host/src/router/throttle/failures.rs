//! Counts refused credentials by client address.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hashlink::LruCache;

use super::too_many;
use crate::router::problem::Problem;

/// The most addresses that are remembered.
const ADDRESSES: usize = 1 << 16;
/// The time in which the allowed number of failures expires, and about the longest Retry-After.
const MINUTE: Duration = Duration::from_secs(60);

/// The number of unexpired failures of each address, and when it was last updated.
pub(super) struct Failures {
    allowed: f64,
    known: Mutex<LruCache<IpAddr, (f64, Instant)>>,
}

impl Failures {
    /// Allows `allowed` failures per minute, at least one.
    pub(super) fn new(allowed: u32) -> Self {
        Self { allowed: f64::from(allowed.max(1)), known: Mutex::new(LruCache::new(ADDRESSES)) }
    }

    /// Checks that an address is below its limit.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(super) fn check(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((failures, at)) = known.get(&network(address)) else {
            return Ok(());
        };
        let forgotten = self.allowed * now.duration_since(*at).div_duration_f64(MINUTE);
        self.judge(failures - forgotten + 1.0)
    }

    /// Counts a failure.
    ///
    /// # Errors
    /// 429 if there were too many; each further failure lengthens the wait.
    pub(super) fn count(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (failures, at) = known.entry(network(address)).or_insert((0.0, now));
        let forgotten = self.allowed * now.duration_since(*at).div_duration_f64(MINUTE);
        *failures = ((*failures - forgotten).max(0.0) + 1.0).min(2.0 * self.allowed);
        *at = now;
        self.judge(*failures)
    }

    fn judge(&self, failures: f64) -> Result<(), Problem> {
        let surplus = failures - self.allowed;
        if surplus <= 0.0 {
            return Ok(());
        }
        let detail = "too many requests with refused credentials came from this address";
        Err(too_many(detail, MINUTE.mul_f64(surplus / self.allowed)))
    }
}

/// Clients with one IPv6 address usually control its whole /64 network.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}
