"""The exceptions of this package."""

from __future__ import annotations


class Error(Exception):
    """Anything that went wrong in scimlet. The text is for the operator's log, not for clients."""


class NotFound(Error):
    """Nothing has this id, or there is no tenant of this name."""


class Stale(Error):
    """It was changed meanwhile: read it and try again."""


class Invalid(Error):
    """An argument is wrong; says which and why."""


class Refused(Error):
    """The arguments are right, but the tenant's state does not allow the call; says why."""


class Unavailable(Error):
    """The database failed. Where it failed during a commit, whether that happened is unknown."""


class Unsuitable(Error):
    """The tables are of a newer version of scimlet, or are not scimlet's."""


class Fault(Error):
    """A call ended without an answer: it took too much memory or time, or scimlet has a bug.

    What it had committed stands; the next call gets a fresh instance."""


#: The error cases of `wit/admin.wit` and `wit/tables.wit`.
CASES: dict[str, type[Error]] = {
    "not-found": NotFound,
    "unknown": NotFound,
    "stale": Stale,
    "invalid": Invalid,
    "refused": Refused,
    "unavailable": Unavailable,
    "unsuitable": Unsuitable,
}
