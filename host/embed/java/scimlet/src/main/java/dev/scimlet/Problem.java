package dev.scimlet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A request that scimlet's module does not see; has the response, a SCIM error (RFC 7644 section
 * 3.12).
 */
final class Problem extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** As the module has them. */
  private static final List<Header> HEADERS =
      List.of(
          new Header("content-type", "application/scim+json"),
          new Header("x-content-type-options", "nosniff"),
          new Header("cache-control", "no-store"));

  private final transient Response response;

  Problem(int status, String detail, Header... more) {
    super(detail, null, false, false);
    List<Header> headers = new ArrayList<>(HEADERS);
    headers.addAll(List.of(more));
    ObjectNode error = Json.object();
    error.putArray("schemas").add("urn:ietf:params:scim:api:messages:2.0:Error");
    error.put("status", Integer.toString(status)).put("detail", detail);
    String body = new String(Json.written(error), StandardCharsets.UTF_8);
    response = new Response(status, List.copyOf(headers), body);
  }

  Response response() {
    return response;
  }
}
