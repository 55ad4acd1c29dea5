package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * A receiver of the tenant's events, to which the application delivers them.
 *
 * @param url where to
 * @param secret the secret that signs deliveries
 * @param events names of events, or prefixes of names; empty for all events of the feed
 * @param retry how long the delivery of an event is retried
 * @param since the time of the first events that are delivered
 */
public record Webhook(
    String url, String secret, List<String> events, Duration retry, Instant since) {
  static Webhook of(JsonNode record) {
    return new Webhook(
        Json.text(record, "url"),
        Json.text(record, "secret"),
        Json.texts(record.path("events")),
        Duration.ofSeconds(record.path("retry-seconds").asLong()),
        Json.time(record, "since"));
  }

  /** Does not have the secret. */
  @Override
  public String toString() {
    return "Webhook[url=" + url + ", events=" + events + "]";
  }
}
