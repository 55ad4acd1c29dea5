package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * The roles and seats that membership in a group gives.
 *
 * @param roles the roles
 * @param seatType one of the profile's kinds of seats; null for none
 */
public record Assignment(List<String> roles, String seatType) {
  static Assignment of(JsonNode record) {
    return new Assignment(Json.texts(record.path("roles")), Json.text(record, "seat-type"));
  }
}
