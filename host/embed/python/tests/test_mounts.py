"""The mounts in WSGI and ASGI."""

from __future__ import annotations

import io
import json
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import httpx
import pytest
from support import GROUP, USER

from scimlet import Issued, Scimlet

TENANTS = ("acme", "umbrella")


@pytest.fixture
def scim(tmp_path: Path) -> Scimlet:
    made = Scimlet(lambda: sqlite3.connect(tmp_path / "app.db", check_same_thread=False))
    made.migrate()
    for name in TENANTS:
        made.create_tenant(name)
        made.tenant(name).configure({"extends": "okta"})
    return made


@pytest.fixture
def issued(scim: Scimlet) -> Issued:
    return scim.tenant("acme").issue_credential("Okta")


Ask = Callable[..., tuple[int, dict[str, str], bytes]]


def wsgi(application: Any) -> Ask:
    """Asks a WSGI application."""

    def ask(method: str, path: str, body: bytes = b"", **more: Any) -> Any:
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "HTTP_HOST": "scim.example.com"}
        environ["SCRIPT_NAME"] = ""
        environ["PATH_INFO"], _, environ["QUERY_STRING"] = path.partition("?")
        environ["wsgi.input"] = io.BytesIO(body)
        if body:
            environ["CONTENT_LENGTH"] = str(len(body))
            environ["CONTENT_TYPE"] = "application/scim+json"
        environ |= more
        setup_testing_defaults(environ)
        started: list[Any] = []
        answer = validator(application)(environ, lambda *given: started.extend(given))
        content = b"".join(answer)
        answer.close()
        return int(started[0].split()[0]), dict(started[1]), content

    return ask


def bearer(issued: Issued) -> dict[str, str]:
    return {"HTTP_AUTHORIZATION": f"Bearer {issued.secret}"}


def other(_environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("content-type", "text/plain")])
    return [b"the application's"]


def test_a_request_reaches_the_tenant_that_its_credential_names(
    scim: Scimlet, issued: Issued
) -> None:
    ask = wsgi(scim.wsgi(other, at="/scim/v2"))
    user = json.dumps({"schemas": [USER], "userName": "änn"}).encode()
    status, headers, body = ask("POST", "/scim/v2/Users", user, **bearer(issued))
    assert status == 201, body
    made = json.loads(body)
    assert headers["location"] == f"http://scim.example.com/scim/v2/Users/{made['id']}"
    assert headers["cache-control"] == "no-store"
    assert not [name for name in headers if name.startswith("x-scimlet-")]
    query = "/scim/v2/Users?filter=userName%20eq%20%22%C3%A4nn%22"
    assert json.loads(ask("GET", query, **bearer(issued))[2])["totalResults"] == 1
    status, headers, body = ask("HEAD", f"/scim/v2/Users/{made['id']}", **bearer(issued))
    assert (status, body) == (200, b"")
    assert int(headers["content-length"]) > 0
    assert scim.tenant("umbrella").users()["totalResults"] == 0


def test_other_paths_are_the_applications(scim: Scimlet) -> None:
    ask = wsgi(scim.wsgi(other, at="/scim/v2/"))
    for path in ("/", "/scim", "/scim/v2x"):
        assert ask("GET", path)[2] == b"the application's"
    assert ask("GET", "/scim/v2")[0] == 401
    assert wsgi(scim.wsgi(at="/scim/v2"))("GET", "/")[0] == 404


def test_a_request_without_a_good_credential_gets_401(scim: Scimlet, issued: Issued) -> None:
    ask = wsgi(scim.wsgi())
    for authorization in ("", "Bearer nonsense", "Bearer acme.nonsense", "Bearer nobody.nonsense"):
        status, headers, _ = ask("GET", "/Users", HTTP_AUTHORIZATION=authorization)
        assert (status, "www-authenticate" in headers) == (401, True), authorization
    # A credential of another tenant.
    theirs = wsgi(scim.wsgi(tenant="umbrella"))
    assert theirs("GET", "/Users", **bearer(issued))[0] == 401
    by_host = wsgi(scim.wsgi(tenant=lambda environ: environ["HTTP_HOST"].partition(".")[0]))
    mine = by_host("GET", "/Users", HTTP_HOST="acme.example.com", **bearer(issued))
    assert mine[0] == 200
    nobody = wsgi(scim.wsgi(tenant=lambda _environ: None))
    assert nobody("GET", "/Users", **bearer(issued))[0] == 404


def test_what_is_below_a_prefix_of_the_server(scim: Scimlet, issued: Issued) -> None:
    ask = wsgi(scim.wsgi(at="/scim"))
    raw = {"SCRIPT_NAME": "/app", "REQUEST_URI": "/app/scim/%55sers?count=0"}
    status, _, body = ask("GET", "/scim/Users?count=0", **raw, **bearer(issued))
    assert (status, json.loads(body)["totalResults"]) == (200, 0)
    given = wsgi(scim.wsgi(base_url="https://id.example.com/v2/"))
    user = json.dumps({"schemas": [USER], "userName": "bo"}).encode()
    location = given("POST", "/Users", user, **bearer(issued))[1]["location"]
    assert location.startswith("https://id.example.com/v2/Users/")


def test_bodies_that_cannot_be_read(
    scim: Scimlet, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = wsgi(scim.wsgi())
    assert ask("POST", "/Users", b"\xff{}", **bearer(issued))[0] == 400
    short = ask("POST", "/Users", b"{}", CONTENT_LENGTH="5", **bearer(issued))
    assert short[0] == 400
    monkeypatch.setattr("scimlet._http.BODY_BYTES", 10)
    assert ask("POST", "/Users", b" " * 11, **bearer(issued))[0] == 413
    monkeypatch.setattr("scimlet._http.GROUP_BODY_BYTES", 20)
    assert ask("POST", "/Groups", b" " * 21, **bearer(issued))[0] == 413
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked"}
    assert ask("POST", "/Users", **chunked, **bearer(issued))[0] == 411


MEMBERS = [{"value": str(uuid.UUID(int=number))} for number in range(22_000)]
#: More than 1 MiB. There are no such members.
LARGE = json.dumps({"schemas": [GROUP], "displayName": "Staff", "members": MEMBERS}).encode()


def test_only_who_writes_a_group_with_a_good_credential_has_a_large_body_read(
    scim: Scimlet, issued: Issued
) -> None:
    ask = wsgi(scim.wsgi(tenant="acme"))
    refused = io.BytesIO(LARGE)
    more = {"wsgi.input": refused, "HTTP_AUTHORIZATION": "Bearer acme.nonsense"}
    status, headers, _ = ask("POST", "/Groups", LARGE, **more)
    assert (status, "www-authenticate" in headers, refused.tell()) == (401, True, 0)
    assert ask("POST", "/Users", LARGE, **bearer(issued))[0] == 413
    assert ask("POST", "/Groups", LARGE, **bearer(issued))[0] == 400
    assert ask("GET", "/Groups", **bearer(issued))[0] == 200


async def asgi_status(application: Any, method: str, path: str, receive: Any, **more: str) -> int:
    """The status that an ASGI application answers with; `more` are headers."""
    answers: list[Any] = []
    named = {"content-type": "application/scim+json"}
    named |= {name.replace("_", "-"): value for name, value in more.items()}
    headers = [(name.encode(), value.encode()) for name, value in named.items()]

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    await application(scope, receive, send)
    return int(answers[0]["status"])


async def large() -> Any:
    """The message with a large body."""
    return {"type": "http.request", "body": LARGE}


async def unread() -> Any:
    pytest.fail("the body is read")


async def test_large_bodies_over_asgi(scim: Scimlet, issued: Issued) -> None:
    app = scim.asgi(tenant="acme")
    bad, good = "Bearer acme.nonsense", f"Bearer {issued.secret}"
    assert await asgi_status(app, "POST", "/Groups", unread, authorization=bad) == 401
    # A length that the body does not have.
    both = {"content_length": "5", "transfer_encoding": "chunked"}
    assert await asgi_status(app, "POST", "/Groups", unread, authorization=bad, **both) == 401
    assert await asgi_status(app, "POST", "/Users", large, authorization=good) == 413
    assert await asgi_status(app, "POST", "/Groups", large, authorization=good) == 400


@pytest.mark.parametrize("is_limited", [False, True])
async def test_no_group_is_read_with_a_large_body(
    scim: Scimlet, issued: Issued, is_limited: bool
) -> None:
    scim.tenant("acme").set({"rate.requests-per-second": 9 if is_limited else None})
    ask, app = wsgi(scim.wsgi()), scim.asgi()
    assert ask("GET", "/Groups", **bearer(issued))[0] == 200
    assert ask("GET", "/Groups", LARGE, **bearer(issued))[0] == 413
    good = f"Bearer {issued.secret}"
    assert await asgi_status(app, "GET", "/Groups", large, authorization=good) == 413


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes for those who count requests."""
    monkeypatch.setattr("scimlet._rates.time", SimpleNamespace(monotonic=lambda: 0.0))


USERS = "/Users?count=0"


@pytest.mark.usefixtures("still")
def test_clients_without_a_credential_use_up_no_requests(scim: Scimlet, issued: Issued) -> None:
    scim.tenant("acme").set({"rate.requests-per-second": 2})
    ask = wsgi(scim.wsgi(tenant="acme"))
    assert ask("GET", USERS, **bearer(issued))[0] == 200
    for authorization in ("", "Bearer acme.nonsense"):
        for body in (b"\xff{}", b"{}"):
            unread = io.BytesIO(body)
            more = {"wsgi.input": unread, "HTTP_AUTHORIZATION": authorization}
            assert (ask("POST", "/Users", body, **more)[0], unread.tell()) == (401, 0)
        chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "HTTP_AUTHORIZATION": authorization}
        assert ask("POST", "/Users", **chunked)[0] == 401
    assert [ask("GET", USERS, **bearer(issued))[0] for _ in range(2)] == [200, 429]


@pytest.mark.usefixtures("still")
def test_nor_do_they_before_the_rate_is_known(scim: Scimlet, issued: Issued) -> None:
    scim.tenant("acme").set({"rate.requests-per-second": 2})
    ask = wsgi(scim.wsgi(tenant="acme"))
    answers: list[int] = []

    class Slow(io.BytesIO):
        """A body; while it arrives, a client with a credential asks."""

        def read(self, *size: Any) -> bytes:
            answers.append(ask("GET", USERS, **bearer(issued))[0])
            return super().read(*size)

    more = {"wsgi.input": Slow(b"{}"), "HTTP_AUTHORIZATION": "Bearer acme.nonsense"}
    assert ask("POST", "/Users", b"{}", **more)[0] == 401
    answers += [ask("GET", USERS, **bearer(issued))[0] for _ in range(2)]
    assert answers == [200, 200, 429]


@pytest.mark.usefixtures("still")
def test_nor_do_they_give_any_back(scim: Scimlet, tmp_path: Path, issued: Issued) -> None:
    scim.tenant("acme").set({"rate.requests-per-second": 2})
    answers: list[int] = []
    is_bad = False

    def connect() -> sqlite3.Connection:
        # While a client without a credential is answered, one with a credential asks.
        nonlocal is_bad
        if is_bad:
            is_bad = False
            answers.extend(ask("GET", USERS, **bearer(issued))[0] for _ in range(2))
        return sqlite3.connect(tmp_path / "app.db", check_same_thread=False)

    mounted = Scimlet(connect)
    mounted._driver._source._idle.clear()  # type: ignore[attr-defined]
    ask, is_bad = wsgi(mounted.wsgi(tenant="acme")), True
    assert ask("GET", "/Users", HTTP_AUTHORIZATION="Bearer acme.nonsense")[0] == 401
    answers.append(ask("GET", USERS, **bearer(issued))[0])
    assert answers == [200, 200, 429]


@pytest.mark.usefixtures("still")
async def test_a_body_beyond_the_rate_is_not_read(scim: Scimlet, issued: Issued) -> None:
    scim.tenant("acme").set({"rate.requests-per-second": 2})
    ask, app = wsgi(scim.wsgi()), scim.asgi()
    good = f"Bearer {issued.secret}"
    assert [ask("GET", USERS, **bearer(issued))[0] for _ in range(2)] == [200, 200]
    late = io.BytesIO(b"{}")
    answer = ask("POST", "/Users", b"{}", **{"wsgi.input": late}, **bearer(issued))
    assert (answer[0], late.tell()) == (429, 0)
    assert await asgi_status(app, "POST", "/Users", unread, authorization=good) == 429


def test_requests_beyond_the_rate_of_the_profile_get_429(scim: Scimlet, issued: Issued) -> None:
    scim.tenant("acme").set({"rate.requests-per-second": 3, "rate.headers": True})
    ask = wsgi(scim.wsgi())
    answers = [ask("GET", "/Users?count=0", **bearer(issued)) for _ in range(8)]
    assert answers[0][1]["ratelimit"].startswith('"default";r=2')
    assert answers[-1][0] == 429
    assert int(answers[-1][1]["retry-after"]) >= 1
    assert answers[-1][1]["ratelimit-policy"]


def test_a_failure_is_a_scim_error_without_internals(tmp_path: Path, issued: Issued) -> None:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(tmp_path / "empty.db", check_same_thread=False)

    # There are no tables.
    ask = wsgi(Scimlet(connect).wsgi(tenant="acme"))
    status, headers, body = ask("GET", "/Users", **bearer(issued))
    assert status == 503
    assert headers["content-type"] == "application/scim+json"
    assert int(headers["retry-after"]) >= 1
    assert b"scimlet_" not in body


def test_without_a_database_clients_get_503(scim: Scimlet, tmp_path: Path, issued: Issued) -> None:
    is_there = True

    def connect() -> sqlite3.Connection:
        path = tmp_path / ("app.db" if is_there else "nowhere/app.db")
        return sqlite3.connect(path, check_same_thread=False)

    mounted = Scimlet(connect)
    mounted._driver._source._idle.clear()  # type: ignore[attr-defined]
    ask, is_there = wsgi(mounted.wsgi()), False
    status, headers, body = ask("GET", "/Users", **bearer(issued))
    assert (status, headers["content-type"]) == (503, "application/scim+json")
    assert int(headers["retry-after"]) >= 1
    assert b"nowhere" not in body
    is_there = True
    assert ask("GET", "/Users", **bearer(issued))[0] == 200


async def used(application: Any, base: str, issued: Issued) -> None:
    """Creates and finds a user over ASGI."""
    headers = {"authorization": f"Bearer {issued.secret}", "content-type": "application/scim+json"}
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as c:
        user = {"schemas": [USER], "userName": "ada"}
        made = await c.post(base + "/Users", json=user)
        assert made.status_code == 201, made.text
        assert made.headers["location"] == f"http://test{base}/Users/{made.json()['id']}"
        assert (await c.head(f"{base}/Users/{made.json()['id']}")).content == b""
        found = await c.get(base + "/Users", params={"filter": 'userName eq "ada"'})
        assert found.json()["totalResults"] == 1
        assert (await c.get("/other")).text == "the application's"
        assert (await c.get(base + "/Users", headers={"authorization": ""})).status_code == 401


async def test_starlette(scim: Scimlet, issued: Issued) -> None:
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    other = Route("/other", lambda _request: PlainTextResponse("the application's"))
    mount = Mount("/scim/v2", app=scim.asgi())
    await used(Starlette(routes=[other, mount]), "/scim/v2", issued)


async def test_fastapi(scim: Scimlet, issued: Issued) -> None:
    from fastapi import FastAPI
    from fastapi.responses import PlainTextResponse

    app = FastAPI()
    app.get("/other")(lambda: PlainTextResponse("the application's"))
    app.mount("/scim/v2", scim.asgi())
    await used(app, "/scim/v2", issued)


async def test_around_another_application(scim: Scimlet, issued: Issued) -> None:
    async def other(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"the application's"})

    await used(scim.asgi(other, at="/scim/v2"), "/scim/v2", issued)


def test_flask(scim: Scimlet, issued: Issued) -> None:
    from flask import Flask

    app = Flask("test")
    app.add_url_rule("/other", view_func=lambda: "the application's")
    app.wsgi_app = scim.wsgi(app.wsgi_app, at="/scim/v2")  # type: ignore[method-assign]
    client = app.test_client()
    headers = {"authorization": f"Bearer {issued.secret}"}
    assert client.get("/scim/v2/Users", headers=headers).json["totalResults"] == 0
    assert client.get("/other").text == "the application's"


def test_django(scim: Scimlet, issued: Issued) -> None:
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse
    from django.urls import path

    def other(_request: Any) -> HttpResponse:
        return HttpResponse("the application's")

    settings.configure(
        ROOT_URLCONF=type("urls", (), {"urlpatterns": [path("other", other)]}),
        ALLOWED_HOSTS=["*"],
    )
    django.setup()
    ask = wsgi(scim.wsgi(get_wsgi_application(), at="/scim/v2"))
    assert ask("GET", "/other")[2] == b"the application's"
    assert ask("GET", "/scim/v2/Users", **bearer(issued))[0] == 200
