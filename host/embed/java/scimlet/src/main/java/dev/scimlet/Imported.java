package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * What became of one user of an import.
 *
 * @param id the user's id; null if it was skipped
 * @param skipped why it was skipped; null if it was not
 */
public record Imported(String id, String skipped) {
  static Imported of(JsonNode record) {
    return new Imported(Json.text(record, "made"), Json.text(record, "skipped"));
  }
}
