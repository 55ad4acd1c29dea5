package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;

/**
 * What is about to happen to a resource. Documents have the product's view, without members and
 * groups.
 *
 * @param resourceType the resource type, such as {@code User}
 * @param id the id that clients know
 * @param productId the application's own id of it; null if it has given none
 * @param step what happens
 * @param attributes the paths of the attributes and relations that differ
 * @param before the document before; null if there was none
 * @param after the document after; null if nothing remains
 * @param membersAdded the members that a group gains
 * @param membersRemoved the members that a group loses
 * @param effects what the profile asks of the application, in the order of the events
 */
public record Change(
    String resourceType,
    String id,
    String productId,
    Step step,
    List<String> attributes,
    JsonNode before,
    JsonNode after,
    List<Identity> membersAdded,
    List<Identity> membersRemoved,
    List<Effect> effects) {

  /**
   * Whether the user has no access any more after this change.
   *
   * @return true at the steps {@code DEACTIVATED}, {@code REMOVED} and {@code ERASED}
   */
  public boolean endsAccess() {
    return step == Step.DEACTIVATED || step == Step.REMOVED || step == Step.ERASED;
  }

  static List<Change> list(JsonNode records) {
    return Json.list(records, Change::of);
  }

  private static Change of(JsonNode record) {
    return new Change(
        Json.text(record, "resource-type"),
        Json.text(record, "id"),
        Json.text(record, "product-id"),
        Step.valueOf(Json.text(record, "step").toUpperCase(Locale.ROOT)),
        Json.texts(record.path("attributes")),
        document(record.path("before")),
        document(record.path("after")),
        Identity.list(record.path("members-added")),
        Identity.list(record.path("members-removed")),
        Json.list(record.path("effects"), Effect::of));
  }

  private static JsonNode document(JsonNode text) {
    return text.isTextual() ? Json.read(text.asText()) : null;
  }
}
