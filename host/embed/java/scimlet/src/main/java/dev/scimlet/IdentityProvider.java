package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/**
 * An identity provider of the product.
 *
 * @param name its name
 * @param autoProvisioning whether it provisions users, with a credential of its own
 * @param credential the id of that credential; null without one
 * @param created when it was added
 */
public record IdentityProvider(
    String name, boolean autoProvisioning, String credential, Instant created) {
  static IdentityProvider of(JsonNode record) {
    return new IdentityProvider(
        Json.text(record, "name"),
        record.path("auto-provisioning").asBoolean(),
        Json.text(record, "credential"),
        Json.time(record, "created"));
  }
}
