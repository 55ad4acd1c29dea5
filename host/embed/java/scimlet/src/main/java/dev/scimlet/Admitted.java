package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A client whose credential is good.
 *
 * @param actor the client, as the actor of events names it
 * @param rate requests per second that the profile allows all clients of the tenant together; null
 *     for no limit
 * @param open false while every request of this client is answered with 403
 * @param byAddress whether the profile admits only some addresses
 */
public record Admitted(String actor, Integer rate, boolean open, boolean byAddress)
    implements Authorization {
  static Admitted of(JsonNode record) {
    JsonNode rate = record.path("rate");
    return new Admitted(
        Json.text(record, "actor"),
        rate.isNumber() ? rate.asInt() : null,
        record.path("open").asBoolean(),
        record.path("by-address").asBoolean());
  }
}
