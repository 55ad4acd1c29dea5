package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/**
 * A tenant that there is.
 *
 * @param name its name
 * @param created when it was made
 */
public record TenantRecord(String name, Instant created) {
  static TenantRecord of(JsonNode record) {
    return new TenantRecord(Json.text(record, "name"), Json.time(record, "created"));
  }
}
