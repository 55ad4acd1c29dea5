// scimmy on express, as its documentation puts them together, over the fastest store that there is: maps in memory. Ids and
// userNames are indexed; a filter is matched against all, since handlers get it parsed and have nothing else to do with it.
import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

process.env.NODE_ENV = "production";
const authorization = `Bearer ${process.env.PEER_SECRET}`;

// The handlers of one resource type. `unique` is the attribute that no two may share, if there is one.
function keep(type, unique) {
  const resources = new Map();
  const taken = new Map();

  SCIMMY.Resources.declare(type)
    .ingress((resource, data) => {
      const known = resource.id && resources.get(resource.id);
      if (resource.id && !known) throw new SCIMMY.Types.Error(404, null, `no resource ${resource.id}`);
      const id = resource.id ?? randomUUID();
      const value = unique && data[unique].toLowerCase();
      if (unique && (taken.get(value) ?? id) !== id) {
        throw new SCIMMY.Types.Error(409, "uniqueness", `${unique} is in use`);
      }
      const now = new Date().toISOString();
      const created = known ? known.meta.created : now;
      const kept = { ...JSON.parse(JSON.stringify(data)), id, meta: { created, lastModified: now } };
      if (known && unique) taken.delete(known[unique].toLowerCase());
      if (unique) taken.set(value, id);
      resources.set(id, kept);
      return kept;
    })
    .egress((resource) => {
      if (resource.id) {
        const found = resources.get(resource.id);
        if (!found) throw new SCIMMY.Types.Error(404, null, `no resource ${resource.id}`);
        return found;
      }
      const all = [...resources.values()];
      return resource.filter ? resource.filter.match(all) : all;
    })
    .degress((resource) => {
      const known = resources.get(resource.id);
      if (!known) throw new SCIMMY.Types.Error(404, null, `no resource ${resource.id}`);
      if (unique) taken.delete(known[unique].toLowerCase());
      resources.delete(resource.id);
    });
}

keep(SCIMMY.Resources.User, "userName");
keep(SCIMMY.Resources.Group);

const app = express();
app.disable("x-powered-by");
app.use("/scim/v2", new SCIMMYRouters({
  type: "bearer",
  handler: (request) => {
    if (request.header("Authorization") !== authorization) throw new Error("no good credential");
    return "client";
  },
}));
const server = app.listen(0, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}/scim/v2`);
});
