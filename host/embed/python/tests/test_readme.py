"""The README's examples."""

import re

from fastapi.testclient import TestClient
from first_example import MOST_LINES, README, first_example, lines_of_code, run
from postgres import Cluster


def blocks() -> list[str]:
    """All blocks of Python."""
    return re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


def test_the_first_example_is_short() -> None:
    assert lines_of_code(first_example()) <= MOST_LINES


def test_the_first_example_does_what_okta_expects() -> None:
    run(str(README.parent / "src"))


def test_the_example_of_fastapi_answers(cluster: Cluster) -> None:
    (example,) = [block for block in blocks() if "FastAPI" in block]
    names: dict[str, object] = {}
    exec(example.replace("postgresql:///app", cluster.url(cluster.database())), names)
    with TestClient(names["app"]) as client:  # type: ignore[arg-type]
        assert client.get("/scim/v2/Users").status_code == 401


def test_the_others_are_python() -> None:
    assert len(blocks()) > 2
    for block in blocks():
        compile(block, "README.md", "exec")
