package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * An instruction of the profile to the application, which is also an event of this name.
 *
 * @param name such as {@code revoke-sessions}, {@code grant-roles} or {@code withdraw-seat}
 * @param group the group that grants or withdraws the roles or the seat; null without one
 * @param roles the roles
 * @param seatType the kind of seat; null without one
 * @param groups the groups that the user leaves: of {@code remove-memberships}
 * @param references the objects of the application that refer to the user: of {@code
 *     references-restored}
 */
public record Effect(
    String name,
    Identity group,
    List<String> roles,
    String seatType,
    List<Identity> groups,
    List<ObjectName> references) {

  /**
   * An object of the application.
   *
   * @param kind its kind, such as {@code dashboard}
   * @param id its id
   */
  public record ObjectName(String kind, String id) {}

  static Effect of(JsonNode record) {
    JsonNode group = record.path("group");
    return new Effect(
        Json.text(record, "name"),
        group.isObject() ? Identity.of(group) : null,
        Json.texts(record.path("roles")),
        Json.text(record, "seat-type"),
        Identity.list(record.path("groups")),
        Json.list(
            record.path("references"),
            each -> new ObjectName(each.path(0).asText(), each.path(1).asText())));
  }
}
