//! All connections of a server: whom each belongs to, what it waits for, and which must end.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::ServerOptions;
use crate::router::is_trusted;

/// Connections beyond the limits, on which only `/health` is answered.
const RESERVE: usize = 32;
/// How long such a connection may wait for its client.
const RESERVE_TIME: Duration = Duration::from_secs(2);
/// How long a finished connection may wait for its client to close.
const CLOSING_TIME: Duration = Duration::from_secs(2);

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waits for the next request.
    Idle,
    /// Waits for the rest of a request's head.
    Head,
    /// Reads or answers a request.
    Answering,
    /// The response is sent; the client may still be sending.
    Closing,
}

/// The state of one connection.
pub(super) struct Connection {
    state: Mutex<State>,
    end: Notify,
}

struct State {
    phase: Phase,
    since: Instant,
    /// Since when the client has not read any of a response that is ready.
    blocked: Option<Instant>,
}

impl Connection {
    fn new() -> Self {
        Self {
            state: Mutex::new(State { phase: Phase::Head, since: Instant::now(), blocked: None }),
            end: Notify::new(),
        }
    }

    /// Records that bytes have arrived.
    pub(super) fn received(&self) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            state.begin(Phase::Head);
        }
    }

    /// Records that the head of a request is complete.
    pub(super) fn answering(&self) {
        self.state().begin(Phase::Answering);
    }

    /// Records that a response is written or abandoned.
    pub(super) fn answered(&self) {
        let mut state = self.state();
        if state.phase == Phase::Answering {
            state.begin(Phase::Idle);
        }
    }

    /// Records that no further request is answered.
    pub(super) fn closing(&self) {
        self.state().begin(Phase::Closing);
    }

    /// Records whether the client could take some of what is to be sent.
    pub(super) fn wrote(&self, some: bool) {
        let mut state = self.state();
        if some {
            state.blocked = None;
        } else {
            state.blocked.get_or_insert_with(Instant::now);
        }
    }

    /// Returns since when the connection waits for its client; `None` while a request is answered.
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
        let is_blocked = state.blocked.is_some_and(|since| over(since, options.write_time));
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

/// The open connections of a server.
pub(super) struct Connections {
    options: ServerOptions,
    open: Mutex<Open>,
    left: Notify,
}

#[derive(Default)]
struct Open {
    next: u64,
    entries: BTreeMap<u64, OpenConnection>,
}

struct OpenConnection {
    /// The network that the connection counts against; `None` for a trusted proxy.
    network: Option<IpAddr>,
    reserve: bool,
    connection: Arc<Connection>,
}

/// A connection's place within the limits, until it is dropped.
pub(super) struct Slot {
    connections: Arc<Connections>,
    number: u64,
    reserve: bool,
    connection: Arc<Connection>,
}

impl Connections {
    pub(super) fn new(options: ServerOptions) -> Self {
        Self { options, open: Mutex::default(), left: Notify::new() }
    }

    /// Returns a slot for a new connection, if necessary that of one that waits for its client;
    /// `None` if even the reserve is full.
    pub(super) fn enter(connections: &Arc<Self>, address: IpAddr) -> Option<Slot> {
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
        let entry = OpenConnection { network, reserve, connection: Arc::clone(&connection) };
        open.entries.insert(number, entry);
        drop(open);
        Some(Slot { connections: Arc::clone(connections), number, reserve, connection })
    }

    /// Counts a proxy's connection against the network of its client, and ends the client's oldest
    /// waiting connection if it has too many.
    pub(super) fn attribute_to(&self, slot: &Slot, address: IpAddr) {
        let network = Some(network(address));
        let mut open = self.open();
        if open.of(network) >= self.options.connections_per_address {
            open.end_oldest(|entry| entry.network == network);
        }
        if let Some(entry) = open.entries.get_mut(&slot.number) {
            entry.network = network;
        }
    }

    /// Ends connections that have waited too long.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        for entry in self.open().entries.values() {
            let connection = &entry.connection;
            if connection.is_overdue(&self.options, entry.reserve, now) {
                connection.end.notify_one();
            }
        }
    }

    /// Ends all connections that wait for their clients.
    pub(super) fn end_waiting(&self) {
        let open = self.open();
        let connections = open.entries.values().map(|entry| &entry.connection);
        for connection in connections.filter(|connection| connection.waits_since().is_some()) {
            connection.end.notify_one();
        }
    }

    /// Ends one connection that waits for its client.
    pub(super) fn end_one(&self) {
        self.open().end_of_busiest();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open().entries.is_empty()
    }

    /// Waits until a connection has ended, possibly shortly before this call.
    pub(super) async fn left(&self) {
        self.left.notified().await;
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Returns whether there is a slot within the limits, if necessary after a waiting connection
    /// has been ended.
    fn make_room(&mut self, network: Option<IpAddr>, options: &ServerOptions) -> bool {
        let full = network.is_some() && self.of(network) >= options.connections_per_address;
        if full && !self.end_oldest(|entry| !entry.reserve && entry.network == network) {
            return false;
        }
        let regular = self.entries.values().filter(|entry| !entry.reserve);
        regular.count() < options.connections || self.end_of_busiest()
    }

    fn make_reserve(&mut self) -> bool {
        let reserve = self.entries.values().filter(|entry| entry.reserve);
        reserve.count() < RESERVE || self.end_oldest(|entry| entry.reserve)
    }

    /// Returns the number of slots within the limits that a network has.
    fn of(&self, network: Option<IpAddr>) -> usize {
        let entries = self.entries.values();
        entries.filter(|entry| !entry.reserve && entry.network == network).count()
    }

    /// Ends the longest-waiting connection of the network with the most waiting connections.
    fn end_of_busiest(&mut self) -> bool {
        let mut waiting: BTreeMap<Option<IpAddr>, usize> = BTreeMap::new();
        for entry in self.entries.values() {
            if !entry.reserve && entry.connection.waits_since().is_some() {
                *waiting.entry(entry.network).or_default() += 1;
            }
        }
        let busiest = waiting.into_iter().max_by_key(|(_, count)| *count);
        let Some((network, _)) = busiest else {
            return false;
        };
        self.end_oldest(|entry| !entry.reserve && entry.network == network)
    }

    /// Ends the longest-waiting one of the `wanted` connections; its slot is free at once.
    fn end_oldest(&mut self, wanted: impl Fn(&OpenConnection) -> bool) -> bool {
        let entries = self.entries.iter().filter(|(_, entry)| wanted(entry));
        let waiting = entries.filter_map(|(number, entry)| {
            let since = entry.connection.waits_since()?;
            Some((since, *number))
        });
        let Some((_, number)) = waiting.min() else {
            return false;
        };
        if let Some(entry) = self.entries.remove(&number) {
            entry.connection.end.notify_one();
        }
        true
    }
}

impl Slot {
    pub(super) fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }

    /// Whether only `/health` is answered on this connection.
    pub(super) fn is_reserve(&self) -> bool {
        self.reserve
    }

    /// Waits until the connection must end.
    pub(super) async fn ended(&self) {
        self.connection.end.notified().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.connections.open().entries.remove(&self.number);
        self.connections.left.notify_one();
    }
}

/// Clients with one IPv6 address usually control its whole /64 network.
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

    fn enter(connections: &Arc<Connections>, address: &str) -> Option<Slot> {
        Connections::enter(connections, address.parse().unwrap())
    }

    fn has_ended(slot: &Slot) -> bool {
        use futures_util::FutureExt as _;
        slot.ended().now_or_never().is_some()
    }

    #[test]
    fn the_longest_waiting_of_the_address_makes_room() {
        let connections = connections(10, 2);
        let seats: Vec<Slot> = ["2001:db8::1", "2001:db8::2", "192.0.2.1", "2001:db8::3"]
            .iter()
            .filter_map(|address| enter(&connections, address))
            .collect();
        let ended: Vec<bool> = seats.iter().map(has_ended).collect();
        assert_eq!(ended, [true, false, false, false]);
        let proxies: Vec<Slot> = (0..5).filter_map(|_| enter(&connections, "10.0.0.1")).collect();
        assert!(!proxies.iter().any(has_ended), "a proxy has any number");
    }

    #[test]
    fn the_heaviest_makes_room_for_others() {
        let connections = connections(4, 4);
        let heavy: Vec<Slot> = (0..3).filter_map(|_| enter(&connections, "192.0.2.1")).collect();
        let light = enter(&connections, "192.0.2.2").unwrap();
        let new = enter(&connections, "192.0.2.3").unwrap();
        assert!(has_ended(&heavy[0]) && !has_ended(&light) && !new.is_reserve());
    }

    #[test]
    fn who_is_answered_keeps_the_place_and_others_get_the_reserve() {
        let connections = connections(2, 2);
        let busy: Vec<Slot> = (0..2).filter_map(|_| enter(&connections, "192.0.2.1")).collect();
        busy.iter().for_each(|slot| slot.connection.answering());
        let mut reserve: Vec<Slot> =
            (0..RESERVE).filter_map(|_| enter(&connections, "192.0.2.1")).collect();
        assert!(reserve.iter().all(Slot::is_reserve));
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
