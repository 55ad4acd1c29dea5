//! The router with a provider that records its requests.

pub(super) mod doubles;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::HOST;
use axum::http::{HeaderName, HeaderValue, Request as HttpRequest, StatusCode, Version};
use axum::response::Response as HttpResponse;
use serde_json::Value;

use self::doubles::{Echo, Slow, Tenants};
use super::{Router, RouterOptions};
use crate::http::{Origin, Request};

/// Adds a Host header, as HTTP/1.1 requires.
fn named(mut request: HttpRequest<Body>) -> HttpRequest<Body> {
    let host = HeaderValue::from_static("scim.test");
    request.headers_mut().entry(HOST).or_insert(host);
    request
}

async fn send(
    options: RouterOptions,
    request: HttpRequest<Body>,
) -> (HttpResponse, Option<(Origin, Request)>) {
    let echo = Arc::new(Echo::default());
    let router = Router::new(echo.clone(), Arc::new(Tenants), options);
    let response = router.answer(named(request)).await;
    let asked = echo.0.lock().unwrap().pop();
    (response, asked)
}

async fn get(path: &str) -> (HttpResponse, Option<(Origin, Request)>) {
    let request = HttpRequest::get(path).header("Host", "scim.test:81").body(Body::empty());
    send(RouterOptions::default(), request.unwrap()).await
}

async fn text(response: HttpResponse) -> String {
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn a_request_reaches_the_guest_as_it_was_received() {
    let (response, asked) = get("/acme/scim/v2/Users/a%2Fb?filter=x%20eq%20%22%22").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["x-name"], "value");
    let (origin, request) = asked.unwrap();
    assert_eq!(origin.tenant, "acme");
    assert_eq!(origin.base_url, "http://scim.test:81/acme/scim/v2");
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/Users/a%2Fb"));
    assert_eq!(request.query, "filter=x%20eq%20%22%22");
    assert_eq!(request.headers, [("host".to_owned(), "scim.test:81".to_owned())]);
}

#[tokio::test]
async fn any_method_reaches_the_guest() {
    let request = HttpRequest::builder().method("BREW").uri("/acme/scim").body(Body::empty());
    let (_, asked) = send(RouterOptions::default(), request.unwrap()).await;
    assert_eq!(asked.unwrap().1.method, "BREW");
}

#[tokio::test]
async fn the_public_url_comes_before_the_host_header() {
    let public_url = Some("https://scim.example.com/".to_owned());
    let request = HttpRequest::get("/acme/scim/Users").header("Host", "evil").body(Body::empty());
    let options = RouterOptions { public_url, ..RouterOptions::default() };
    let (_, asked) = send(options, request.unwrap()).await;
    assert_eq!(asked.unwrap().0.base_url, "https://scim.example.com/acme/scim");
}

#[tokio::test]
async fn on_the_shared_url_the_credential_names_the_tenant() {
    for (claimed, tenant) in [("acme", "acme"), ("nobody", "nobody"), ("No Name", "")] {
        let request = HttpRequest::get("/scim/v2").header("Authorization", claimed);
        let (response, asked) =
            send(RouterOptions::default(), request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        let (origin, request) = asked.unwrap();
        assert_eq!((origin.tenant.as_str(), request.path.as_str()), (tenant, ""));
    }
}

#[tokio::test]
async fn a_tenant_that_is_not_there_is_the_guests_to_refuse() {
    let (response, asked) = get("/nobody/scim/v2/Users").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(asked.unwrap().0.tenant, "nobody");
}

#[tokio::test]
async fn other_paths_are_not_found_in_the_words_of_scim() {
    for path in ["/", "/favicon.ico", "/acme", "/health/x"] {
        let (response, asked) = get(path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()["content-type"], "application/scim+json");
        let body: Value = serde_json::from_str(&text(response).await).unwrap();
        assert_eq!(body["schemas"][0], "urn:ietf:params:scim:api:messages:2.0:Error");
        assert_eq!(body["status"], "404");
        assert!(asked.is_none());
    }
}

#[tokio::test]
async fn the_server_says_that_it_is_there() {
    let (response, _) = get("/health").await;
    assert_eq!((response.status(), text(response).await.as_str()), (StatusCode::OK, "ok"));
}

#[tokio::test]
async fn a_body_of_the_limit_is_read_and_a_larger_one_refused() {
    let options = RouterOptions { body: 4, ..RouterOptions::default() };
    for (body, status) in [("1234", StatusCode::OK), ("12345", StatusCode::PAYLOAD_TOO_LARGE)] {
        for announced in [true, false] {
            let mut request = HttpRequest::post("/acme/scim/v2/Users");
            if announced {
                request = request.header("Content-Length", body.len());
            }
            let request = request.body(Body::from(body)).unwrap();
            let (response, asked) = send(options.clone(), request).await;
            assert_eq!(response.status(), status);
            assert_eq!(asked.is_some(), status == StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn a_large_body_announces_its_length() {
    for (bytes, announced, status) in [
        (1 << 20, false, StatusCode::OK),
        ((1 << 20) + 1, false, StatusCode::PAYLOAD_TOO_LARGE),
        ((1 << 20) + 1, true, StatusCode::OK),
    ] {
        let mut request = HttpRequest::post("/acme/scim/v2/Groups");
        if announced {
            request = request.header("content-length", bytes);
        }
        let request = request.body(Body::from("x".repeat(bytes)));
        let (response, _) = send(RouterOptions::default(), request.unwrap()).await;
        assert_eq!(response.status(), status);
    }
}

#[tokio::test]
async fn faults_tell_an_incident_and_nothing_else() {
    for (path, status) in [
        ("/acme/scim/v2/trap", 500),
        ("/acme/scim/v2/panic", 500),
        ("/acme/scim/v2/status", 500),
        ("/acme/scim/v2/slow", 503),
        ("/broken/scim/v2/Users", 503),
    ] {
        let (response, _) = get(path).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(response.headers().contains_key("retry-after"), status == 503, "{path}");
        assert_eq!(response.headers()["content-type"], "application/scim+json");
        let body = text(response).await;
        let mut words = body.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
        let is_id = |word: &str| uuid::Uuid::parse_str(word).is_ok();
        assert!(words.any(is_id) && !body.contains("secret"), "{body}");
    }
}

#[tokio::test]
async fn headers_that_http_does_not_allow_are_dropped_on_the_way_out() {
    let (response, _) = get("/acme/scim/v2/header").await;
    assert_eq!(response.status(), StatusCode::OK);
    let names: Vec<&str> = response.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["cache-control", "x-content-type-options"]);
}

/// Sends a request from a fixed address and returns the response.
async fn get_from_address(router: &Router, path: &str, credential: &str) -> HttpResponse {
    let client: SocketAddr = "192.0.2.1:1234".parse().unwrap();
    let request = HttpRequest::get(path).extension(ConnectInfo(client));
    let request = request.header("Authorization", credential);
    let request = named(request.body(Body::empty()).unwrap());
    router.clone().answer(request).await
}

#[tokio::test]
async fn an_address_whose_credentials_are_refused_is_slowed_down() {
    let options = RouterOptions { failures: 2, ..RouterOptions::default() };
    let router = Router::new(Arc::new(Echo::default()), Arc::new(Tenants), options);
    for (path, status) in [
        ("/acme/scim/v2/Users", 401),
        ("/acme/events", 401),
        ("/acme/scim/v2/Users", 429),
        ("/acme/events", 429),
    ] {
        let response = get_from_address(&router, path, "bad").await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(response.headers().contains_key("retry-after"), status == 429);
    }
    let good = get_from_address(&router, "/acme/scim/v2/Users", "good").await;
    assert_eq!(good.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_tenant_is_held_to_its_rate() {
    let options = RouterOptions::default();
    let echo = Arc::new(Echo::default());
    let router = Router::new(echo.clone(), Arc::new(Tenants), options);
    for _ in 0..2 {
        let response = get_from_address(&router, "/acme/scim/v2/limited", "limited").await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(!response.headers().contains_key("x-scimlet-rate"));
    }
    let response = get_from_address(&router, "/acme/scim/v2/limited", "limited").await;
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(echo.0.lock().unwrap().len(), 2, "the guest was asked");
    let other = get_from_address(&router, "/nobody/scim/v2/Users", "good").await;
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_request_without_one_host_is_refused() {
    for (hosts, version, status) in [
        (&["a"][..], Version::HTTP_11, StatusCode::OK),
        (&[], Version::HTTP_11, StatusCode::BAD_REQUEST),
        (&["a", "a"], Version::HTTP_11, StatusCode::BAD_REQUEST),
        (&[], Version::HTTP_10, StatusCode::OK),
    ] {
        let mut request = HttpRequest::get("/health").version(version);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let options = RouterOptions::default();
        let router = Router::new(Arc::new(Echo::default()), Arc::new(Tenants), options);
        let response = router.answer(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), status, "{hosts:?}");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn the_body_of_a_stranger_is_not_read() {
    let body = Body::from_stream(futures_util::stream::pending::<Result<&[u8], std::io::Error>>());
    let request = HttpRequest::post("/acme/scim/v2/Users").header("Authorization", "bad");
    let (response, asked) = send(RouterOptions::default(), request.body(body).unwrap()).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(asked.is_none());
}

#[tokio::test]
async fn a_body_that_trickles_is_not_waited_for() {
    let drop = futures_util::stream::unfold((), |()| async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        Some((Ok::<_, std::io::Error>("x"), ()))
    });
    let request = HttpRequest::post("/acme/scim/v2/Users").body(Body::from_stream(drop));
    let started = tokio::time::Instant::now();
    let (response, asked) = send(RouterOptions::default(), request.unwrap()).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert!(asked.is_none() && started.elapsed().as_secs() < 20);
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_nothing_that_has_begun() {
    let slow = Arc::new(Slow::default());
    let router = Router::new(slow.clone(), Arc::new(Tenants), RouterOptions::default());
    let request = HttpRequest::delete("/acme/scim/v2/Users/1").body(Body::empty()).unwrap();
    tokio::select! {
        _ = router.answer(named(request)) => panic!("it cannot have ended"),
        () = slow.started.notified() => {}
    }
    slow.go_on.notify_one();
    let limit = std::time::Duration::from_secs(5);
    tokio::time::timeout(limit, slow.ended.notified()).await.expect("it was cancelled");
}
