//! Refused credentials, by the address that they came from.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hashlink::LruCache;

use super::too_many;
use crate::router::problem::Problem;

/// Addresses that are remembered.
const ADDRESSES: usize = 1 << 16;
/// Failures that an address may have in a minute.
const ALLOWED: f64 = 10.0;
/// The time in which one failure is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(6);
/// The longest that anybody is asked to wait.
const LONGEST: Duration = Duration::from_secs(60);

/// How many failures an address had that are not forgotten.
pub(super) struct Failures(Mutex<LruCache<IpAddr, (f64, Instant)>>);

impl Default for Failures {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(ADDRESSES)))
    }
}

impl Failures {
    /// Counts one, and refuses to say more than that if there were too many: with every further one, for longer.
    pub(super) fn count(&self, address: IpAddr, now: Instant) -> Result<(), Problem> {
        let most = ALLOWED + LONGEST.div_duration_f64(FORGOTTEN);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (failures, at) = known.entry(network(address)).or_insert((0.0, now));
        let forgotten = now.duration_since(*at).div_duration_f64(FORGOTTEN);
        *failures = ((*failures - forgotten).max(0.0) + 1.0).min(most);
        *at = now;
        let excess = *failures - ALLOWED;
        if excess <= 0.0 {
            return Ok(());
        }
        let detail = "too many requests with refused credentials came from this address";
        Err(too_many(detail, FORGOTTEN.mul_f64(excess)))
    }
}

/// Whoever has one IPv6 address commonly has the 2^64 around it.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}
