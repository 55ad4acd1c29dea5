package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A tenant's profile.
 *
 * @param document the document as it was set; it contains the secrets of webhooks
 * @param version its version
 */
public record Profile(JsonNode document, long version) {
  static Profile of(JsonNode pair) {
    return new Profile(Json.read(pair.path(0).asText()), pair.path(1).asLong());
  }
}
