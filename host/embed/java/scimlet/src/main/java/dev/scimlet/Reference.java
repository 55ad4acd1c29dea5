package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A reference from an object of the application to a person's e-mail address.
 *
 * @param email the address
 * @param kind the kind of the object, such as {@code dashboard}
 * @param id the id of the object
 * @param user the id of the active user with this address now; null without one
 */
public record Reference(String email, String kind, String id, String user) {
  static Reference of(JsonNode record) {
    return new Reference(
        Json.text(record, "email"),
        Json.text(record, "kind"),
        Json.text(record, "id"),
        Json.text(record, "user"));
  }
}
