package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;

/**
 * What a commit did, as it is stored.
 *
 * @param sequence counts from 1, in the order of commits
 * @param at the time of its commit
 * @param actor who did it
 * @param channel {@code feed} or {@code audit}
 * @param name the name of the event
 * @param subject what it is about; null for nothing in particular
 * @param body what it says; an erasure empties it
 */
public record Event(
    long sequence,
    Instant at,
    String actor,
    String channel,
    String name,
    Subject subject,
    JsonNode body) {
  /**
   * What an event is about.
   *
   * @param kind its kind, such as {@code User}
   * @param id its id
   */
  public record Subject(String kind, String id) {}

  static Event of(JsonNode record) {
    JsonNode subject = record.path("subject");
    String body = record.path("body").asText();
    return new Event(
        record.path("sequence").asLong(),
        Json.time(record, "at"),
        Json.text(record, "actor"),
        Json.text(record, "channel"),
        Json.text(record, "name"),
        subject.isObject()
            ? new Subject(Json.text(subject, "kind"), Json.text(subject, "id"))
            : null,
        body.isEmpty() ? Json.object() : Json.read(body));
  }
}
