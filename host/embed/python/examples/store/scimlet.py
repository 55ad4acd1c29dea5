"""scimlet.wasm in Python: compiled once, linked to exactly what it may use, asked by plain function calls.

Every call gets a fresh instance, which takes about a tenth of a millisecond: no request finds anything of another one
in memory, and after one that was cut off there is nothing to tidy up.
"""

import logging
import os
import threading
import time
from dataclasses import dataclass

import wasmtime
from wasmtime.component import Component, Linker, Record, Variant

from store import Refused

# What a call may use. Past either of these it ends with an exception; what it had committed stands.
MEMORY_BYTES = 64 << 20
SECONDS = 10

TICKS_PER_SECOND = 10
RANDOM_BYTES = 64 << 10
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


class Problem(Exception):
    """An administrative call did not succeed: a `problem` of `wit/admin.wit`."""


@dataclass
class Datetime(Record):
    seconds: int
    nanoseconds: int


class Plugin:
    """The compiled component. One is enough for all tenants and threads."""

    def __init__(self, path):
        config = wasmtime.Config()
        config.epoch_interruption = True
        self.engine = wasmtime.Engine(config)
        self.component = Component.from_file(self.engine, path)
        threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self):
        while True:
            time.sleep(1 / TICKS_PER_SECOND)
            self.engine.increment_epoch()


class Tenant:
    """One tenant, bound to its store. Answers one call at a time."""

    def __init__(self, plugin, name, store):
        self.plugin, self.name, self.store = plugin, name, store
        self.lock = threading.Lock()
        self.linker = Linker(plugin.engine)
        with self.linker.root() as root:
            for interface, functions in self._imports().items():
                with root.add_instance(interface) as instance:
                    for function, implementation in functions.items():
                        instance.add_func(function, answering(implementation))

    def handle(self, base_url, method, path, query, headers, body, client_address=None):
        """A record with `status`, `headers` and `body`. Headers are tuples."""
        # None is the case `unknown` of `caller`: the plugin checks the Authorization header.
        caller = None
        origin = record(
            tenant=self.name, base_url=base_url, client_address=client_address, caller=caller
        )
        request = record(method=method, path=path, query=query, headers=headers, body=body)
        return self._call("provider", "handle", origin, request)

    def configure(self, profile, expected=None):
        """Sets the tenant's profile, a JSON document; its new version."""
        return good(self._call("admin", "configure", profile, expected))

    def issue_credential(
        self, label, scheme="bearer", lifetime_seconds=None, scopes=(), role=None, target_group=None
    ):
        """A record with `credential`, `username` (where the scheme is basic) and `secret`."""
        request = record(
            tenant=self.name,
            label=label,
            scheme=scheme,
            lifetime_seconds=lifetime_seconds,
            scopes=list(scopes),
            role=role,
            target_group=target_group,
        )
        return good(self._call("admin", "issue-credential", request))

    def _call(self, interface, function, *arguments):
        component = self.plugin.component
        interface = component.get_export_index(f"scimlet:plugin/{interface}@0.1.0")
        export = component.get_export_index(function, interface)
        with self.lock:
            instance_store = wasmtime.Store(self.plugin.engine)
            instance_store.set_limits(memory_size=MEMORY_BYTES)
            instance_store.set_epoch_deadline(SECONDS * TICKS_PER_SECOND)
            instance = self.linker.instantiate(instance_store, component)
            return instance.get_func(instance_store, export)(instance_store, *arguments)

    def _imports(self):
        """All that the plugin can reach. If it asks for anything else, it cannot be instantiated."""
        store = self.store
        return {
            "scimlet:plugin/store@0.1.0": {
                "get": store.get,
                "find": store.find,
                "links": store.links,
                "has": store.has,
                "commit": store.commit,
            },
            "scimlet:plugin/journal@0.1.0": {"write": self._write_note},
            "wasi:clocks/wall-clock@0.2.0": {"now": now},
            "wasi:random/random@0.2.0": {"get-random-bytes": random_bytes},
        }

    def _write_note(self, note):
        # As %r, because a line break in a note must not begin a line of the log.
        logger = logging.getLogger("scimlet")
        logger.log(LEVELS[note.level], "%s: %s: %r", self.name, note.topic, note.text)


def answering(implementation):
    """The function as wasmtime calls it. A refusal is the error case of the result."""

    def answer(_context, *arguments):
        try:
            return implementation(*arguments)
        except Refused as refused:
            return refused.answer

    return answer


def good(result):
    if isinstance(result, Variant):
        raise Problem(result.tag, result.payload)
    return result


def now():
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return Datetime(seconds, nanoseconds)


def random_bytes(length):
    if length > RANDOM_BYTES:
        raise ValueError("the plugin wants too many random bytes")
    return os.urandom(length)


def record(**fields):
    """A record of the component model: its field names have hyphens."""
    made = Record()
    for name, value in fields.items():
        setattr(made, name.replace("_", "-"), value)
    return made
