package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.List;

/**
 * A header of a request or of a response.
 *
 * @param name its name; in lower case in responses
 * @param value its value
 */
public record Header(String name, String value) {
  static List<Header> list(JsonNode pairs) {
    return Json.list(pairs, each -> new Header(each.path(0).asText(), each.path(1).asText()));
  }

  static ArrayNode pairs(List<Header> headers) {
    ArrayNode pairs = Json.array();
    headers.forEach(each -> pairs.addArray().add(each.name()).add(each.value()));
    return pairs;
  }
}
