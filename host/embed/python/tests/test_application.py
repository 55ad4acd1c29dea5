"""The application's function, called before the commit of each change."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
import sqlalchemy
from postgres import Cluster
from support import GROUP, answered, ask, ask_async, create, name_of, request, set_active

from scimlet import (
    AsyncScimlet,
    Change,
    ForbiddenChange,
    InvalidChange,
    Refused,
    Scimlet,
    Tenant,
    Unavailable,
)

TABLE = "CREATE TABLE own(id INTEGER PRIMARY KEY, name TEXT NOT NULL)"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    sqlite3.connect(tmp_path / "app.db").execute(TABLE)
    return tmp_path / "app.db"


def tenant(connect: Any, application: Any) -> Tenant:
    scim = Scimlet(connect, application=application)
    scim.migrate()
    scim.create_tenant("acme")
    scim.tenant("acme").configure({"extends": "okta"})
    return scim.tenant("acme")


def over(file: Path, application: Any) -> Tenant:
    return tenant(lambda: sqlite3.connect(file, check_same_thread=False), application)


def rows(file: Path) -> list[Any]:
    return sqlite3.connect(file).execute("SELECT id, name FROM own ORDER BY id").fetchall()


def keep(change: Change, db: Any) -> int:
    added = db.execute("INSERT INTO own(name) VALUES (?) RETURNING id", [name_of(change)])
    return int(added.fetchone()[0])


def test_it_hears_of_each_change_and_gives_its_own_id(file: Path) -> None:
    heard: list[Change] = []

    def application(change: Change, db: Any) -> int | None:
        heard.append(change)
        return keep(change, db) if change.step == "created" else None

    acme = over(file, application)
    made = answered(ask(acme, create("ada")), 201)
    assert acme.find_by_product_id("User", "1") == made["id"]
    answered(ask(acme, set_active(made["id"], False)), 200)
    answered(ask(acme, set_active(made["id"], True)), 200)
    assert ask(acme, request("DELETE", f"/Users/{made['id']}")).status == 204
    assert [one.step for one in heard] == ["created", "deactivated", "reactivated", "removed"]
    assert [one.product_id for one in heard] == [None, "1", "1", "1"]
    created, deactivated = heard[:2]
    assert created.before is None
    assert created.after is not None
    assert created.after["userName"] == "ada"
    assert deactivated.attributes == ["active"]
    assert "revoke-sessions" in [effect.name for effect in deactivated.effects]
    assert rows(file) == [(1, "ada")]


def test_members_of_groups_are_named(file: Path) -> None:
    heard: list[Change] = []
    acme = over(file, lambda change, _db: heard.append(change))
    user = answered(ask(acme, create("ada")), 201)
    group = {"schemas": [GROUP], "displayName": "Staff", "members": [{"value": user["id"]}]}
    answered(ask(acme, request("POST", "/Groups", group)), 201)
    assert heard[-1].resource_type == "Group"
    assert [one.id for one in heard[-1].members_added] == [user["id"]]


@pytest.mark.parametrize(("refusal", "status"), [(InvalidChange, 400), (ForbiddenChange, 403)])
def test_it_refuses_with_a_sentence(file: Path, refusal: type[Exception], status: int) -> None:
    def application(change: Change, db: Any) -> None:
        keep(change, db)
        raise refusal("only in uneven weeks")

    acme = over(file, application)
    assert "only in uneven weeks" in answered(ask(acme, create("ada")), status)["detail"]
    assert rows(file) == []
    assert acme.users()["totalResults"] == 0


def fails(change: Change, db: sqlite3.Connection) -> None:
    keep(change, db)
    db.execute("INSERT INTO own(name) VALUES (NULL)")


def test_a_failure_of_its_own_undoes_the_change(file: Path) -> None:
    acme = over(file, fails)
    assert ask(acme, create("ada")).status == 503
    assert rows(file) == []
    assert acme.users()["totalResults"] == 0


def test_if_it_commits_the_change_is_given_up_and_only_its_own_part_stays(file: Path) -> None:
    def application(change: Change, db: sqlite3.Connection) -> None:
        with db:
            keep(change, db)

    acme = over(file, application)
    before = [event.sequence for event in acme.events()]
    assert ask(acme, create("ada")).status == 503
    assert rows(file) == [(1, "ada")]
    assert acme.users()["totalResults"] == 0
    assert [event.sequence for event in acme.events()] == before


def test_a_failure_leaves_the_rest_of_a_joined_transaction(cluster: Cluster) -> None:
    def application(change: Change, db: Any) -> None:
        if change.step == "erased":
            db.execute("INSERT INTO own VALUES ('of the application')")
            raise ValueError("a mistake")

    url = cluster.url(cluster.database())
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE own(name TEXT)")
    scim = Scimlet(lambda: psycopg.connect(url), application=application)
    scim.migrate()
    scim.create_tenant("acme")
    scim.tenant("acme").configure({"extends": "okta"})
    made = answered(ask(scim.tenant("acme"), create("ada")), 201)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO own VALUES ('before')")
        with pytest.raises(Unavailable):
            scim.on(connection).tenant("acme").erase_user(made["id"])
        connection.execute("INSERT INTO own VALUES ('after')")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT name FROM own").fetchall() == [("before",), ("after",)]
    assert scim.tenant("acme").user(made["id"])["userName"] == "ada"


def test_swallowing_an_error_does_not_commit_nothing(cluster: Cluster) -> None:
    """PostgreSQL answers COMMIT of a failed transaction with a rollback, and no error."""

    def application(_change: Change, db: Any) -> None:
        with pytest.raises(psycopg.Error):
            db.execute("SELECT nothing FROM nowhere")

    url = cluster.url(cluster.database())
    acme = tenant(lambda: psycopg.connect(url), application)
    assert ask(acme, create("ada")).status == 503
    assert acme.users()["totalResults"] == 0


def test_an_object_hears_of_all_changes_at_once(file: Path) -> None:
    class Application:
        def before_commit(self, changes: Any, db: Any) -> list[int]:
            return [keep(change, db) for change in changes]

    acme = over(file, Application())
    made = answered(ask(acme, create("ada")), 201)
    assert acme.find_by_product_id("User", "1") == made["id"]


def test_it_may_refuse_an_erasure(file: Path) -> None:
    def application(change: Change, _db: Any) -> None:
        if change.step == "erased":
            raise InvalidChange("there are invoices")

    acme = over(file, application)
    made = answered(ask(acme, create("ada")), 201)
    with pytest.raises(Refused, match="there are invoices"):
        acme.erase_user(made["id"])
    assert acme.user(made["id"])["userName"] == "ada"


def alchemy_url(driver: str) -> Callable[[str], str]:
    return lambda url: url.replace("postgresql", f"postgresql+{driver}")


@pytest.mark.parametrize("driver", ["sqlite", "psycopg", "psycopg2"])
def test_with_sqlalchemy_it_gets_a_connection_of_sqlalchemy(
    file: Path, request: pytest.FixtureRequest, driver: str
) -> None:
    if driver == "sqlite":
        engine = sqlalchemy.create_engine(f"sqlite:///{file}")
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        engine = sqlalchemy.create_engine(alchemy_url(driver)(cluster.url(cluster.database())))
    metadata = sqlalchemy.MetaData()
    own = sqlalchemy.Table(
        "own",
        metadata,
        sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True),
        sqlalchemy.Column("name", sqlalchemy.Text, nullable=False),
    )
    metadata.create_all(engine)

    def application(change: Change, connection: sqlalchemy.Connection) -> Any:
        insert = own.insert().values(name=name_of(change)).returning(own.c.id)
        id = connection.execute(insert).scalar_one()
        if name_of(change) == "bo":
            raise InvalidChange("not this one")
        return id

    acme = tenant(engine, application)
    made = answered(ask(acme, create("ada")), 201)
    answered(ask(acme, create("bo")), 400)
    assert acme.find_by_product_id("User", "1") == made["id"]
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.select(own.c.name)).scalars().all() == ["ada"]
    engine.dispose()


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_what_fails_is_logged_without_personal_data(
    cluster: Cluster, caplog: pytest.LogCaptureFixture, driver: str
) -> None:
    engine = sqlalchemy.create_engine(alchemy_url(driver)(cluster.url(cluster.database())))

    def application(change: Change, connection: sqlalchemy.Connection) -> None:
        insert = sqlalchemy.text("INSERT INTO own(name) VALUES (:name)")
        connection.execute(insert, {"name": name_of(change)})

    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE own(name TEXT UNIQUE)"))
        connection.execute(sqlalchemy.text("INSERT INTO own VALUES ('ada@example.com')"))
    acme = tenant(engine, application)
    assert ask(acme, create("ada@example.com")).status == 503
    assert "the application failed: UniqueViolation: duplicate key" in caplog.text
    assert "in application" in caplog.text
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("ALTER TABLE scimlet_term RENAME TO hidden"))
    with pytest.raises(Unavailable) as failed:
        acme.create_user({"userName": "ada@example.com"})
    assert "scimlet_term" in str(failed.value)
    assert "ada@example.com" not in caplog.text + str(failed.value)
    engine.dispose()


async def test_it_may_be_a_coroutine_function(cluster: Cluster) -> None:
    async def application(change: Change, connection: asyncpg.Connection) -> Any:
        insert = "INSERT INTO own(name) VALUES ($1) RETURNING id"
        return await connection.fetchval(insert, name_of(change))

    async with asyncpg.create_pool(cluster.url(cluster.database()), min_size=1) as pool:
        await pool.execute("CREATE TABLE own(id BIGSERIAL, name TEXT)")
        scim = AsyncScimlet(pool, application=application)
        await scim.migrate()
        await scim.create_tenant("acme")
        acme = scim.tenant("acme")
        await acme.configure({"extends": "okta"})
        made = answered(await ask_async(acme, create("ada")), 201)
        assert await acme.find_by_product_id("User", "1") == made["id"]
        assert await pool.fetchval("SELECT name FROM own") == "ada"
