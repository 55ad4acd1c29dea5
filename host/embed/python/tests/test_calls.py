"""The calls of the package, over each driver."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from support import BASE, HEADERS, USER, answered, ask, ask_async, create, request, set_active

from scimlet import (
    Assignment,
    AsyncScimlet,
    AsyncTenant,
    Invalid,
    NotFound,
    Refused,
    Request,
    Scimlet,
    Stale,
    Tenant,
    User,
)

WIT = Path(__file__).parents[4] / "wit"
DEACTIVATE = "urn:ietf:params:scim:event:prov:deactivate"
PROFILE = {"extends": "okta", "users": {"seats": 20}, "groups": {"assignments": True}}


def tenant_of(scim: Scimlet) -> Tenant:
    scim.migrate()
    assert scim.create_tenant("acme")
    acme = scim.tenant("acme")
    assert acme.configure(PROFILE) == 1
    return acme


def test_every_function_of_the_wit_is_there() -> None:
    texts = [(WIT / name).read_text() for name in ("admin.wit", "directory.wit")]
    functions = re.findall(r"^  ([a-z-]+): func", "".join(texts), re.MULTILINE)
    assert len(functions) > 30
    for function in functions:
        name = function.replace("-", "_")
        assert callable(getattr(Tenant, name)), name
        assert inspect.iscoroutinefunction(getattr(AsyncTenant, name)), name


def test_a_user_over_each_driver(given: Any) -> None:
    scim = Scimlet(given)
    acme = tenant_of(scim)
    assert not scim.create_tenant("acme")
    scim.migrate()
    made = answered(ask(acme, create("ada@example.com")), 201)
    found = answered(ask(acme, request("GET", '/Users?filter=userName eq "ada@example.com"')), 200)
    assert found["Resources"][0]["id"] == made["id"]
    acme.deactivate_user(made["id"])
    assert acme.user(made["id"])["active"] is False
    names = [event.name for event in acme.events()]
    assert DEACTIVATE in names
    assert [event.sequence for event in acme.events(limit=2)] == [1, 2]
    assert acme.events(len(names)) == []
    assert [one.name for one in scim.tenants()] == ["acme"]
    assert scim.delete_tenant("acme")
    assert scim.tenants() == []


async def test_a_user_over_each_asynchronous_driver(async_given: Any) -> None:
    scim = AsyncScimlet(async_given)
    await scim.migrate()
    assert await scim.create_tenant("acme")
    acme = scim.tenant("acme")
    await acme.configure(PROFILE)
    made = answered(await ask_async(acme, create("ada@example.com")), 201)
    await acme.deactivate_user(made["id"])
    assert (await acme.user(made["id"]))["active"] is False
    assert DEACTIVATE in [event.name for event in await acme.events()]
    assert await scim.delete_tenant("acme")
    assert await scim.tenants() == []


def test_sixteen_threads(given: Any) -> None:
    acme = tenant_of(Scimlet(given))
    acme.set({"users.seats": None})
    statuses: list[int] = []

    def work(number: int) -> None:
        for each in range(2):
            made = answered(ask(acme, create(f"user{number}.{each}")), 201)
            statuses.append(ask(acme, set_active(made["id"], False)).status)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert statuses == [200] * 32
    assert acme.users("active eq false", count=1)["totalResults"] == 32


async def test_sixteen_tasks(async_given: Any) -> None:
    scim = AsyncScimlet(async_given)
    await scim.migrate()
    await scim.create_tenant("acme")
    acme = scim.tenant("acme")
    await acme.configure({"extends": "okta"})

    async def work(number: int) -> None:
        for each in range(2):
            made = answered(await ask_async(acme, create(f"user{number}.{each}")), 201)
            answered(await ask_async(acme, set_active(made["id"], False)), 200)

    await asyncio.gather(*[work(number) for number in range(16)])
    assert (await acme.users("active eq false", count=1))["totalResults"] == 32


def test_administration(tmp_path: Path) -> None:
    import sqlite3

    scim = Scimlet(lambda: sqlite3.connect(tmp_path / "app.db", check_same_thread=False))
    acme = tenant_of(scim)
    profile, version = acme.profile()
    assert (profile, version) == (PROFILE, 1)
    assert acme.set({"users.seats": 5}) == 2
    assert any("okta" in line.lower() for line in acme.explain(PROFILE))
    assert acme.webhooks() == []
    issued = acme.issue_credential("Okta", scopes=["users"], lifetime_seconds=3600)
    assert issued.secret not in repr(issued)
    rotated = acme.rotate_credential(issued.credential.id)
    assert rotated.secret != issued.secret
    assert [one.label for one in acme.credentials()] == ["Okta"]
    admitted = acme.authorize([("authorization", f"Bearer {rotated.secret}")], BASE)
    assert admitted.open  # type: ignore[union-attr]
    acme.revoke_credential(issued.credential.id)
    refused = acme.authorize([("authorization", f"Bearer {rotated.secret}")], BASE)
    assert refused.status == 401  # type: ignore[union-attr]
    acme.add_identity_provider("okta", auto_provisioning=False)
    assert [one.name for one in acme.identity_providers()] == ["okta"]
    (imported, skipped) = acme.import_users([{"userName": "bo"}, {"userName": "bo"}])
    assert imported.id is not None
    assert skipped.skipped is not None
    acme.link_user(imported.id, "00u1")
    acme.deactivate_user(imported.id)
    acme.reactivate_user(imported.id)
    group = acme.create_group({"displayName": "Staff", "members": [{"value": imported.id}]})
    acme.assign_group("Staff", Assignment(["writer"]))
    assert acme.assignments() == {group: Assignment(["writer"])}
    acme.assign_roles(imported.id, ["reader"])
    acme.add_reference("bo@example.com", "dashboard", "7")
    assert [one.id for one in acme.references("bo@example.com")] == ["7"]
    made = acme.create_user({"userName": "cy"}, product_id="42")
    assert acme.find_by_product_id("User", "42") == made
    acme.set_product_id("User", made, "43")
    assert acme.find_by_product_id("User", "43") == made
    acme.patch_user(made, {"Operations": [{"op": "add", "path": "displayName", "value": "Cy"}]})
    assert acme.user(made)["displayName"] == "Cy"
    acme.patch_group(group, {"Operations": [{"op": "remove", "path": "members"}]})
    assert acme.group(group)["displayName"] == "Staff"
    acme.delete_group(group)
    acme.erase_user(made)
    acme.maintain()
    me = acme.handle(request("GET", "/Me"), BASE, caller=User(imported.id))
    assert answered(me, 200)["userName"] == "bo"


def test_text_of_other_alphabets_reaches_the_module_as_it_is(tmp_path: Path) -> None:
    import sqlite3

    scim = Scimlet(lambda: sqlite3.connect(tmp_path / "app.db", check_same_thread=False))
    acme = tenant_of(scim)
    body = json.dumps({"schemas": [USER], "userName": "Ω" * 40}, ensure_ascii=False)
    asked = Request("POST", "/Users", "", HEADERS, body)
    told: list[bytes] = []
    call = scim._pool.call
    scim._pool.call = lambda tenant, text, answer: told.append(text) or call(tenant, text, answer)  # type: ignore
    made = answered(ask(acme, asked), 201)
    assert acme.user(made["id"])["userName"] == "Ω" * 40
    assert "Ω".encode() in told[0]
    with pytest.raises(Invalid):
        acme.user("\ud800")


def test_errors_are_exceptions(tmp_path: Path) -> None:
    import sqlite3

    scim = Scimlet(lambda: sqlite3.connect(tmp_path / "app.db", check_same_thread=False))
    acme = tenant_of(scim)
    with pytest.raises(NotFound):
        acme.user("nobody")
    with pytest.raises(Invalid):
        acme.configure({"extends": "nothing"})
    with pytest.raises(Invalid):
        scim.create_tenant("Acme")
    with pytest.raises(Stale):
        acme.configure(PROFILE, expected=7)
    acme.set({"users.seats": 0})
    with pytest.raises(Refused):
        acme.create_user({"userName": "bo"})
