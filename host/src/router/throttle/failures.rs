//! Refused credentials, by the address that they came from.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hashlink::LruCache;

use super::too_many;
use crate::router::problem::Problem;

/// Addresses that are remembered.
const ADDRESSES: usize = 1 << 16;
/// The time in which as many are forgotten as are allowed, and the longest that anybody is asked to wait.
const MINUTE: Duration = Duration::from_secs(60);

/// How many failures an address had that are not forgotten, and when that was.
pub(super) struct Failures {
    allowed: f64,
    known: Mutex<LruCache<IpAddr, (f64, Instant)>>,
}

impl Failures {
    /// With so many allowed in a minute, at least one.
    pub(super) fn new(allowed: u32) -> Self {
        Self {
            allowed: f64::from(allowed.max(1)),
            known: Mutex::new(LruCache::new(ADDRESSES)),
        }
    }

    /// Refuses an address that has had more than are allowed.
    pub(super) fn check(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((failures, at)) = known.get(&network(address)) else {
            return Ok(());
        };
        let forgotten = self.allowed * now.duration_since(*at).div_duration_f64(MINUTE);
        self.judge(failures - forgotten + 1.0)
    }

    /// Counts one, and refuses to say more than that if there were too many: with every further one, for longer.
    pub(super) fn count(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (failures, at) = known.entry(network(address)).or_insert((0.0, now));
        let forgotten = self.allowed * now.duration_since(*at).div_duration_f64(MINUTE);
        *failures = ((*failures - forgotten).max(0.0) + 1.0).min(2.0 * self.allowed);
        *at = now;
        self.judge(*failures)
    }

    fn judge(&self, failures: f64) -> Result<(), Problem> {
        let excess = failures - self.allowed;
        if excess <= 0.0 {
            return Ok(());
        }
        let detail = "too many requests with refused credentials came from this address";
        Err(too_many(detail, MINUTE.mul_f64(excess / self.allowed)))
    }
}

/// Whoever has one IPv6 address commonly has the 2^64 around it.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}
