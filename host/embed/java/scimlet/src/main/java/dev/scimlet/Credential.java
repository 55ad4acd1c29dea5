package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;

/**
 * A credential of a client; nothing here is secret.
 *
 * @param id its id in this package and in events
 * @param label a label for the operator
 * @param scheme {@code bearer} or {@code basic}
 * @param scopes the client's rights; everything but {@code events} if there is none
 * @param role the role of the profile that it is bound to; null without one
 * @param targetGroup the id of the group to which users that the client creates are added; null
 *     without one
 * @param created when it was issued
 * @param expires when it expires; null for never
 * @param revoked when it was revoked; null if it was not
 * @param lastUsed the beginning of the hour of its last use; null if it was not used
 */
public record Credential(
    String id,
    String label,
    String scheme,
    List<String> scopes,
    String role,
    String targetGroup,
    Instant created,
    Instant expires,
    Instant revoked,
    Instant lastUsed) {
  static Credential of(JsonNode record) {
    return new Credential(
        Json.text(record, "id"),
        Json.text(record, "label"),
        Json.text(record, "scheme"),
        Json.texts(record.path("scopes")),
        Json.text(record, "role"),
        Json.text(record, "target-group"),
        Json.time(record, "created"),
        Json.time(record, "expires"),
        Json.time(record, "revoked"),
        Json.time(record, "last-used"));
  }
}
