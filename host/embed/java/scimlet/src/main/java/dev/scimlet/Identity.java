package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * A resource and its names.
 *
 * @param resourceType the resource type, such as {@code User}
 * @param id the id that clients know
 * @param productId the application's own id of it; null if it has given none
 */
public record Identity(String resourceType, String id, String productId) {
  static Identity of(JsonNode record) {
    return new Identity(
        Json.text(record, "resource-type"),
        Json.text(record, "id"),
        Json.text(record, "product-id"));
  }

  static List<Identity> list(JsonNode records) {
    return Json.list(records, Identity::of);
  }
}
