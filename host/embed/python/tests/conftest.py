"""Databases for tests."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from backends import ASYNC_POSTGRES, ASYNC_SQLITE, POSTGRES, SQLITE
from postgres import Cluster, programs


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    found = programs()
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI=true demands PostgreSQL")
        pytest.skip("there is no PostgreSQL")
    made = Cluster(found)
    yield made
    made.remove()


def address(name: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """A path or a URL of a new database for the backend of this name."""
    if "sqlite" in name:
        return str(folder / "app.db")
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.url(cluster.database())


@pytest.fixture(params=[*SQLITE, *POSTGRES])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """What an application gives to Scimlet, for each synchronous driver."""
    made = {**SQLITE, **POSTGRES}[request.param](address(request.param, request, tmp_path))
    yield made.given
    made.close()


@pytest.fixture(params=[*ASYNC_SQLITE, *ASYNC_POSTGRES])
async def async_given(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """What an application gives to AsyncScimlet, for each asynchronous driver."""
    backends = {**ASYNC_SQLITE, **ASYNC_POSTGRES}
    made = await backends[request.param](address(request.param, request, tmp_path))
    yield made.given
    closing = made.close()
    if closing is not None:
        await closing
