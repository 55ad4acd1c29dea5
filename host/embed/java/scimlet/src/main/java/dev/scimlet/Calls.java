package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.function.Supplier;

/** Calls functions of the module over connections. */
final class Calls {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int SEED_BYTES = 32;

  private final Pool pool;
  private final Application application;
  private final Supplier<Lease> leases;

  Calls(Pool pool, Application application, Supplier<Lease> leases) {
    this.pool = pool;
    this.application = application;
    this.leases = leases;
  }

  /** The same over other connections. */
  Calls over(Supplier<Lease> others) {
    return new Calls(pool, application, others);
  }

  /** What a function of {@code wit/} returned. */
  JsonNode call(String tenant, String function, ObjectNode arguments) {
    try (Port port = new Port(leases.get(), tenant, application)) {
      ObjectNode call = text(function, arguments);
      call.put("now", System.currentTimeMillis());
      call.put("seed", seed());
      ObjectNode database = call.putObject("database");
      database.put("dialect", port.dialect().wit()).put("tenant", tenant);
      if (application != null) {
        call.put("application", true);
      }
      return returned(pool.call(tenant, Json.written(call), port::answer));
    }
  }

  /** What a function returned that calls no import, and needs no database. */
  JsonNode callAlone(String function, ObjectNode arguments) {
    byte[] text = Json.written(text(function, arguments));
    return returned(pool.call("", text, Code::unanswered));
  }

  /** The value of a result; throws its error. */
  JsonNode succeeded(String tenant, String function, ObjectNode arguments) {
    JsonNode result = call(tenant, function, arguments);
    if (result.has("ok")) {
      return result.path("ok");
    }
    JsonNode error = result.path("err");
    if (error.isTextual()) {
      throw ScimletException.of(error.asText(), error.asText());
    }
    var named = error.properties().iterator().next();
    throw ScimletException.of(named.getKey(), named.getValue().asText());
  }

  private static ObjectNode text(String function, ObjectNode arguments) {
    ObjectNode call = Json.object().put("call", function);
    call.set("arguments", arguments);
    return call;
  }

  private static JsonNode returned(byte[] answer) {
    JsonNode value = Json.read(answer);
    if (value.has("error")) {
      throw new ScimletException(value.path("error").asText(), null);
    }
    return value.path("return");
  }

  /** Random bytes, which are used once. */
  private static String seed() {
    byte[] seed = new byte[SEED_BYTES];
    RANDOM.nextBytes(seed);
    return HexFormat.of().formatHex(seed);
  }
}
