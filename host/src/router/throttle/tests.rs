//! The throttle at given times.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response as HttpResponse};

use super::Throttle;
use crate::http::Response;
use crate::router::problem::Problem;

const ADDRESS: &str = "192.0.2.1";

fn answer(status: u16, headers: &[(&str, &str)]) -> Response {
    let header = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Response { status, headers: headers.iter().map(header).collect(), body: String::new() }
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    let found = answer.headers.iter().find(|(header, _)| header == name);
    found.map(|(_, value)| value.as_str())
}

/// Returns the status of the response that is sent, and its Retry-After.
fn sent(settled: Result<Response, Problem>) -> (u16, u64) {
    match settled {
        Ok(answer) => (answer.status, 0),
        Err(problem) => refused(problem),
    }
}

fn refused(problem: Problem) -> (u16, u64) {
    let response = problem.into_response();
    (response.status().as_u16(), wait(&response))
}

fn wait(response: &HttpResponse) -> u64 {
    let seconds = response.headers()["retry-after"].to_str().unwrap();
    seconds.parse().unwrap()
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

/// Returns a throttle that has accounted for a response for `acme` with these headers.
fn limited(headers: &[(&str, &str)], now: Instant) -> Throttle {
    let throttle = Throttle::new(10);
    throttle.admit("acme", now).unwrap();
    throttle.settle("acme", None, answer(200, headers), now).unwrap();
    throttle
}

fn admitted(throttle: &Throttle, now: Instant) -> usize {
    (0..1000).take_while(|_| throttle.admit("acme", now).is_ok()).count()
}

#[test]
fn refused_credentials_are_answered_with_longer_and_longer_waits() {
    let (throttle, now) = (Throttle::new(10), Instant::now());
    let fail =
        |address: &str, now| sent(throttle.settle("acme", Some(address), answer(401, &[]), now));
    for _ in 0..10 {
        assert_eq!(fail(ADDRESS, now), (401, 0));
    }
    assert_eq!(fail(ADDRESS, now), (429, 6));
    assert_eq!(fail(ADDRESS, now), (429, 12));
    for _ in 0..100 {
        fail(ADDRESS, now);
    }
    assert_eq!(fail(ADDRESS, now), (429, 60));
    assert_eq!(fail("192.0.2.2", now), (401, 0), "it is another address");
    assert_eq!(fail(ADDRESS, now + seconds(59)).0, 429);
    assert_eq!(fail(ADDRESS, now + seconds(180)), (401, 0));
}

#[test]
fn good_credentials_pass_from_a_slowed_address() {
    let (throttle, now) = (Throttle::new(10), Instant::now());
    let settle = |status| sent(throttle.settle("acme", Some(ADDRESS), answer(status, &[]), now)).0;
    let failures: Vec<u16> = (0..12).map(|_| settle(401)).collect();
    assert_eq!(failures[10..], [429, 429]);
    assert_eq!((settle(200), settle(403), settle(401)), (200, 403, 429));
}

#[test]
fn one_network_of_ipv6_is_one_address() {
    let (throttle, now) = (Throttle::new(10), Instant::now());
    let fail =
        |address: String| sent(throttle.settle("acme", Some(&address), answer(401, &[]), now)).0;
    let answers: Vec<u16> = (0..11).map(|host| fail(format!("2001:db8::{host}"))).collect();
    assert_eq!(answers[9..], [401, 429]);
    assert_eq!(fail("2001:db8:0:1::1".to_owned()), 401);
}

#[test]
fn a_tenant_may_ask_as_often_as_its_profile_says() {
    let now = Instant::now();
    let throttle = limited(&[("x-scimlet-rate", "5")], now);
    assert_eq!(admitted(&throttle, now), 4);
    let refused = refused(throttle.admit("acme", now).unwrap_err());
    assert_eq!(refused, (429, 1));
    assert!(throttle.admit("other", now).is_ok());
    assert_eq!(admitted(&throttle, now + seconds(1)), 5);
    assert_eq!(admitted(&throttle, now + seconds(100)), 5);
}

#[test]
fn a_tenant_without_a_rate_any_more_is_not_held_to_it() {
    let now = Instant::now();
    let throttle = limited(&[("x-scimlet-rate", "1")], now);
    let settle = |status| drop(throttle.settle("acme", None, answer(status, &[]), now));
    settle(403);
    assert!(throttle.admit("acme", now).is_err(), "a refusal need not say it");
    settle(200);
    assert_eq!(admitted(&throttle, now), 1000);
}

#[test]
fn a_refused_credential_takes_nothing() {
    let now = Instant::now();
    let throttle = limited(&[("x-scimlet-rate", "5")], now);
    for headers in [&[][..], &[("x-scimlet-rate", "5")]] {
        for _ in 0..20 {
            throttle.admit("acme", now).unwrap();
            drop(throttle.settle("acme", None, answer(401, headers), now));
        }
    }
    assert_eq!(admitted(&throttle, now), 4);
}

#[test]
fn a_changed_profile_is_found_out_when_nothing_is_left() {
    let now = Instant::now();
    let throttle = limited(&[("x-scimlet-rate", "1")], now);
    assert!(throttle.admit("acme", now).is_err());
    assert!(throttle.may_ask("acme", now));
    assert!(!throttle.may_ask("acme", now), "each request looks");
    assert!(throttle.may_ask("acme", now + seconds(1)));
    throttle.learn("acme", Some(1), true, now);
    assert!(throttle.admit("acme", now).is_err(), "it is as it was");
    throttle.learn("acme", Some(3), true, now);
    assert_eq!(admitted(&throttle, now), 3);
    throttle.learn("acme", None, true, now);
    assert_eq!(admitted(&throttle, now), 1000);
}

#[test]
fn a_closed_tenant_is_not_counted() {
    let now = Instant::now();
    let throttle = limited(&[("x-scimlet-rate", "1")], now);
    throttle.learn("acme", Some(1), false, now);
    assert_eq!(admitted(&throttle, now), 1000);
    let open = answer(200, &[("x-scimlet-rate", "1")]);
    throttle.settle("acme", None, open, now).unwrap();
    assert!(throttle.admit("acme", now).is_err());
}

#[test]
fn without_any_credential_a_slowed_address_is_not_heard() {
    let (throttle, now) = (Throttle::new(2), Instant::now());
    for _ in 0..2 {
        throttle.check(ADDRESS, now).unwrap();
        drop(throttle.slow_down(Some(ADDRESS), answer(401, &[]), now));
    }
    assert!(throttle.check(ADDRESS, now).is_err());
    assert!(throttle.check("192.0.2.2", now).is_ok());
    assert!(throttle.check(ADDRESS, now + seconds(60)).is_ok());
}

#[test]
fn a_bulk_costs_what_it_does_and_is_paid_off() {
    let now = Instant::now();
    let headers = [("x-scimlet-rate", "5"), ("x-scimlet-cost", "20")];
    let throttle = limited(&headers, now);
    let refused = |now| refused(throttle.admit("acme", now).unwrap_err());
    assert_eq!(refused(now), (429, 4));
    assert_eq!(refused(now + seconds(3)), (429, 1));
    assert!(throttle.admit("acme", now + seconds(4)).is_ok());
}

#[test]
fn clients_are_told_where_the_profile_says_so() {
    let (throttle, now) = (Throttle::new(10), Instant::now());
    let settle = |headers: &[(&str, &str)]| {
        throttle.admit("acme", now).unwrap();
        let settled = throttle.settle("acme", None, answer(200, headers), now);
        settled.unwrap()
    };
    let quiet = settle(&[("x-scimlet-rate", "3"), ("x-scimlet-cost", "1")]);
    assert!(quiet.headers.is_empty(), "{:?}", quiet.headers);
    let policy = r#""default";q=3;w=1"#;
    let headers = [("x-scimlet-rate", "3"), ("ratelimit-policy", policy)];
    let told = settle(&headers);
    assert_eq!(header(&told, "x-scimlet-rate"), None);
    assert_eq!(header(&told, "ratelimit-policy"), Some(policy));
    assert_eq!(header(&told, "ratelimit"), Some(r#""default";r=1;t=1"#));
    settle(&headers);
    let response = throttle.admit("acme", now).unwrap_err().into_response();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["ratelimit"], r#""default";r=0;t=1"#);
    assert_eq!(response.headers()["ratelimit-policy"], policy);
    assert_eq!(response.headers()["content-type"], "application/scim+json");
}
