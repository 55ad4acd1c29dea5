using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "disk", disk = (writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.mjs", esModule = embed "worker.mjs"),
    (name = "scimlet-module.wasm", wasm = embed "scimlet-module.wasm"),
  ],
  compatibilityDate = "2026-01-01",
  durableObjectNamespaces = [(className = "Provisioning", uniqueKey = "provisioning", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [(name = "PROVISIONING", durableObjectNamespace = "Provisioning")],
);
