package dev.scimlet;

import java.util.List;

/**
 * A request as the HTTP server received it.
 *
 * @param method the method as received
 * @param path the path below the base URL with its leading slash, still percent-encoded
 * @param query the query without {@code ?}, still percent-encoded; empty if there is none
 * @param headers the headers in the order received
 * @param body the body; empty if there is none
 */
public record Request(String method, String path, String query, List<Header> headers, String body) {
  /**
   * Keeps a copy of the headers.
   *
   * @param method the method as received
   * @param path the path below the base URL with its leading slash, still percent-encoded
   * @param query the query without {@code ?}, still percent-encoded; empty if there is none
   * @param headers the headers in the order received
   * @param body the body; empty if there is none
   */
  public Request {
    headers = List.copyOf(headers);
  }
}
