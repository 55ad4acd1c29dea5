package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;

/**
 * An answer. It has no {@code content-length}; headers that begin with {@code x-scimlet-} are for
 * the embedder, and not sent.
 *
 * @param status the status
 * @param headers the headers, with names in lower case
 * @param body the body
 */
public record Response(int status, List<Header> headers, String body) implements Authorization {
  static Response of(JsonNode record) {
    return new Response(
        record.path("status").asInt(),
        Header.list(record.path("headers")),
        record.path("body").asText());
  }

  /**
   * The value of a header.
   *
   * @param name its name in lower case
   * @return the value of the first header of this name
   */
  public Optional<String> header(String name) {
    return headers.stream().filter(each -> each.name().equals(name)).map(Header::value).findFirst();
  }
}
