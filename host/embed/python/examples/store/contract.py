"""The contract of stores, run over the store of this folder: `python contract.py --component
scimlet-contract.wasm`. Prints a line for each rule that is broken."""

import argparse
import sys

import wasmtime
from wasmtime.component import Component, Linker

from scimlet import answering
from store import Store

MEMORY_BYTES = 256 << 20


class Stores:
    """A store for each tenant that was selected."""

    def __init__(self):
        self.stores = {}
        self.selected = None

    def select(self, tenant):
        self.selected = self.stores.setdefault(tenant, Store())

    def function(self, name):
        """The function of whichever store is selected when it is called."""
        return answering(lambda *arguments: getattr(self.selected, name)(*arguments))

    def link(self, engine):
        linker = Linker(engine)
        with linker.root() as root:
            with root.add_instance("scimlet:plugin/store@0.1.0") as instance:
                for name in ("get", "find", "links", "has", "commit"):
                    instance.add_func(name, self.function(name))
            with root.add_instance("scimlet:plugin/stores@0.1.0") as instance:
                instance.add_func("select", answering(self.select))
        return linker


def call(engine, component, function, *arguments):
    """Calls a function in an instance of its own, over stores of its own."""
    interface = component.get_export_index("scimlet:plugin/contract@0.1.0")
    export = component.get_export_index(function, interface)
    instance_store = wasmtime.Store(engine)
    instance_store.set_limits(memory_size=MEMORY_BYTES)
    instance = Stores().link(engine).instantiate(instance_store, component)
    return instance.get_func(instance_store, export)(instance_store, *arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--component", required=True, help="scimlet-contract.wasm")
    parser.add_argument("cases", nargs="*", help="names of cases; without any, all run")
    options = parser.parse_args()
    engine = wasmtime.Engine()
    component = Component.from_file(engine, options.component)
    cases = options.cases or call(engine, component, "cases")
    broken = 0
    for case in cases:
        for sentence in call(engine, component, "run", [case]):
            broken += 1
            print(sentence, flush=True)
    print(f"{broken} rules broken, of {len(cases)} cases")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
