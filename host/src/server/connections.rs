//! All connections of a server: who has them, what each waits for, and which of them end.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::ServerOptions;
use crate::router::is_trusted;

/// Places for connections beyond all caps, in which only `/health` is answered.
const RESERVE: usize = 32;
/// How long one of those may wait for its client.
const RESERVE_TIME: Duration = Duration::from_secs(2);
/// How long a connection that is over may wait for its client to notice.
const CLOSING_TIME: Duration = Duration::from_secs(2);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waits for the next request.
    Idle,
    /// Waits for the rest of the head of a request.
    Head,
    /// A request is read or answered.
    Answering,
    /// The answer is sent; the client may still be sending.
    Closing,
}

/// One connection.
pub(super) struct Connection {
    state: Mutex<State>,
    end: Notify,
}

struct State {
    phase: Phase,
    since: Instant,
    /// Since when the client has taken none of an answer that is there.
    blocked: Option<Instant>,
}

impl Connection {
    fn new() -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Head,
                since: Instant::now(),
                blocked: None,
            }),
            end: Notify::new(),
        }
    }

    /// Bytes have come.
    pub(super) fn received(&self) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            state.begin(Phase::Head);
        }
    }

    /// The head of a request is there.
    pub(super) fn answering(&self) {
        self.state().begin(Phase::Answering);
    }

    /// An answer is written, or given up.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        if state.phase == Phase::Answering {
            state.begin(Phase::Idle);
        }
    }

    /// Nothing more is answered.
    pub(super) fn closing(&self) {
        self.state().begin(Phase::Closing);
    }

    /// Whether the client could take some of what is to be sent.
    pub(super) fn wrote(&self, some: bool) {
        let mut state = self.state();
        if some {
            state.blocked = None;
        } else {
            state.blocked.get_or_insert_with(Instant::now);
        }
    }

    /// Since when it waits for its client, if it does.
    fn waits_since(&self) -> Option<Instant> {
        let state = self.state();
        (state.phase != Phase::Answering).then_some(state.since)
    }

    fn is_overdue(&self, options: &ServerOptions, reserve: bool, now: Instant) -> bool {
        let state = self.state();
        let longest = match state.phase {
            Phase::Answering => None,
            Phase::Closing => Some(CLOSING_TIME),
            Phase::Idle | Phase::Head if reserve => Some(RESERVE_TIME),
            Phase::Idle => Some(options.idle_time),
            Phase::Head => Some(options.header_time),
        };
        let over = |since: Instant, time| now.saturating_duration_since(since) >= time;
        let is_blocked = state
            .blocked
            .is_some_and(|since| over(since, options.write_time));
        is_blocked || longest.is_some_and(|time| over(state.since, time))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn begin(&mut self, phase: Phase) {
        (self.phase, self.since) = (phase, Instant::now());
    }
}

/// Those that are open.
pub(super) struct Connections {
    options: ServerOptions,
    open: Mutex<Open>,
    left: Notify,
}

#[derive(Default)]
struct Open {
    next: u64,
    places: BTreeMap<u64, Place>,
}

struct Place {
    /// Whom it counts for; `None` for a trusted proxy.
    network: Option<IpAddr>,
    reserve: bool,
    connection: Arc<Connection>,
}

/// The place of a connection, until it is dropped.
pub(super) struct Seat {
    connections: Arc<Connections>,
    number: u64,
    reserve: bool,
    connection: Arc<Connection>,
}

impl Connections {
    pub(super) fn new(options: ServerOptions) -> Self {
        Self {
            options,
            open: Mutex::default(),
            left: Notify::new(),
        }
    }

    /// A place for a new connection, if need be that of one that waits for its client; `None` where
    /// even the reserve is in use.
    pub(super) fn enter(connections: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let options = &connections.options;
        let proxy = is_trusted(&options.trusted_proxies, address);
        let network = (!proxy).then(|| network(address));
        let mut open = connections.open();
        let reserve = !open.make_room(network, options);
        if reserve && !open.make_reserve() {
            return None;
        }
        let (number, connection) = (open.next, Arc::new(Connection::new()));
        open.next += 1;
        let place = Place {
            network,
            reserve,
            connection: Arc::clone(&connection),
        };
        open.places.insert(number, place);
        drop(open);
        Some(Seat {
            connections: Arc::clone(connections),
            number,
            reserve,
            connection,
        })
    }

    /// Counts the connection of a proxy for the client behind it, at the cost of one that the
    /// client has already.
    pub(super) fn rename(&self, seat: &Seat, address: IpAddr) {
        let network = Some(network(address));
        let mut open = self.open();
        if open.of(network) >= self.options.connections_per_address {
            open.end_oldest(|place| place.network == network);
        }
        if let Some(place) = open.places.get_mut(&seat.number) {
            place.network = network;
        }
    }

    /// Ends those that have waited for too long.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        for place in self.open().places.values() {
            let connection = &place.connection;
            if connection.is_overdue(&self.options, place.reserve, now) {
                connection.end.notify_one();
            }
        }
    }

    /// Ends all that wait for their clients.
    pub(super) fn end_waiting(&self) {
        let open = self.open();
        let connections = open.places.values().map(|place| &place.connection);
        for connection in connections.filter(|connection| connection.waits_since().is_some()) {
            connection.end.notify_one();
        }
    }

    /// Ends one that waits for its client.
    pub(super) fn end_one(&self) {
        self.open().end_of_heaviest();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open().places.is_empty()
    }

    /// Returns when one has ended after this call, or shortly before.
    pub(super) async fn left(&self) {
        self.left.notified().await;
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Whether there is a place within the caps.
    fn make_room(&mut self, network: Option<IpAddr>, options: &ServerOptions) -> bool {
        let full = network.is_some() && self.of(network) >= options.connections_per_address;
        if full && !self.end_oldest(|place| !place.reserve && place.network == network) {
            return false;
        }
        let regular = self.places.values().filter(|place| !place.reserve);
        regular.count() < options.connections || self.end_of_heaviest()
    }

    fn make_reserve(&mut self) -> bool {
        let reserve = self.places.values().filter(|place| place.reserve);
        reserve.count() < RESERVE || self.end_oldest(|place| place.reserve)
    }

    /// How many places within the caps a network has.
    fn of(&self, network: Option<IpAddr>) -> usize {
        let places = self.places.values();
        places
            .filter(|place| !place.reserve && place.network == network)
            .count()
    }

    /// Ends the connection that waits the longest among those of the network that has the most that
    /// wait.
    fn end_of_heaviest(&mut self) -> bool {
        let mut waiting: BTreeMap<Option<IpAddr>, usize> = BTreeMap::new();
        for place in self.places.values() {
            if !place.reserve && place.connection.waits_since().is_some() {
                *waiting.entry(place.network).or_default() += 1;
            }
        }
        let heaviest = waiting.into_iter().max_by_key(|(_, count)| *count);
        let Some((network, _)) = heaviest else {
            return false;
        };
        self.end_oldest(|place| !place.reserve && place.network == network)
    }

    /// Ends the connection that waits the longest among those wanted; its place is free at once.
    fn end_oldest(&mut self, wanted: impl Fn(&Place) -> bool) -> bool {
        let places = self.places.iter().filter(|(_, place)| wanted(place));
        let waiting = places.filter_map(|(number, place)| {
            let since = place.connection.waits_since()?;
            Some((since, *number))
        });
        let Some((_, number)) = waiting.min() else {
            return false;
        };
        if let Some(place) = self.places.remove(&number) {
            place.connection.end.notify_one();
        }
        true
    }
}

impl Seat {
    pub(super) fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }

    /// Whether only `/health` is answered here.
    pub(super) fn is_reserve(&self) -> bool {
        self.reserve
    }

    /// Returns when the connection has to end.
    pub(super) async fn ended(&self) {
        self.connection.end.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.connections.open().places.remove(&self.number);
        self.connections.left.notify_one();
    }
}

/// Whoever has one IPv6 address commonly has the 2^64 around it.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(all: usize, per_address: usize) -> Arc<Connections> {
        Arc::new(Connections::new(ServerOptions {
            connections: all,
            connections_per_address: per_address,
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..ServerOptions::default()
        }))
    }

    fn enter(connections: &Arc<Connections>, address: &str) -> Option<Seat> {
        Connections::enter(connections, address.parse().unwrap())
    }

    fn has_ended(seat: &Seat) -> bool {
        use futures_util::FutureExt as _;
        seat.ended().now_or_never().is_some()
    }

    #[test]
    fn the_longest_waiting_of_the_address_makes_room() {
        let connections = connections(10, 2);
        let seats: Vec<Seat> = ["2001:db8::1", "2001:db8::2", "192.0.2.1", "2001:db8::3"]
            .iter()
            .filter_map(|address| enter(&connections, address))
            .collect();
        let ended: Vec<bool> = seats.iter().map(has_ended).collect();
        assert_eq!(ended, [true, false, false, false]);
        let proxies: Vec<Seat> = (0..5)
            .filter_map(|_| enter(&connections, "10.0.0.1"))
            .collect();
        assert!(!proxies.iter().any(has_ended), "a proxy has any number");
    }

    #[test]
    fn the_heaviest_makes_room_for_others() {
        let connections = connections(4, 4);
        let heavy: Vec<Seat> = (0..3)
            .filter_map(|_| enter(&connections, "192.0.2.1"))
            .collect();
        let light = enter(&connections, "192.0.2.2").unwrap();
        let new = enter(&connections, "192.0.2.3").unwrap();
        assert!(has_ended(&heavy[0]) && !has_ended(&light) && !new.is_reserve());
    }

    #[test]
    fn who_is_answered_keeps_the_place_and_others_get_the_reserve() {
        let connections = connections(2, 2);
        let busy: Vec<Seat> = (0..2)
            .filter_map(|_| enter(&connections, "192.0.2.1"))
            .collect();
        busy.iter().for_each(|seat| seat.connection.answering());
        let mut reserve: Vec<Seat> = (0..RESERVE)
            .filter_map(|_| enter(&connections, "192.0.2.1"))
            .collect();
        assert!(reserve.iter().all(Seat::is_reserve));
        reserve.extend(enter(&connections, "192.0.2.2"));
        assert!(has_ended(&reserve[0]), "the reserve goes round");
        assert!(!busy.iter().any(has_ended));
    }

    #[test]
    fn each_wait_has_its_end() {
        let options = ServerOptions::default();
        let connection = Connection::new();
        let is_overdue = |seconds| {
            let now = Instant::now() + Duration::from_secs(seconds);
            connection.is_overdue(&options, false, now)
        };
        assert_eq!((is_overdue(9), is_overdue(11)), (false, true), "silent");
        connection.answering();
        assert!(!is_overdue(1000));
        connection.wrote(false);
        assert_eq!((is_overdue(29), is_overdue(31)), (false, true), "unread");
        connection.wrote(true);
        assert!(!is_overdue(1000));
        connection.answered();
        assert_eq!((is_overdue(74), is_overdue(76)), (false, true), "idle");
        connection.received();
        assert_eq!((is_overdue(9), is_overdue(11)), (false, true), "trickling");
    }
}
