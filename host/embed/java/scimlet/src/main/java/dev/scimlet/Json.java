package dev.scimlet;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;

/** Reading and writing of JSON. */
final class Json {
  /** Documents of large groups are longer than Jackson lets texts be. */
  private static final StreamReadConstraints CONSTRAINTS =
      StreamReadConstraints.builder()
          .maxStringLength(Integer.MAX_VALUE)
          .maxNumberLength(Integer.MAX_VALUE)
          .build();

  /** The JDK's own parser takes time in the square of the digits. */
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(CONSTRAINTS)
          .enable(StreamReadFeature.USE_FAST_BIG_NUMBER_PARSER)
          .build();

  private static final JsonMapper MAPPER =
      JsonMapper.builder(FACTORY)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private Json() {}

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** An empty object. */
  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /** An empty array. */
  static ArrayNode array() {
    return MAPPER.createArrayNode();
  }

  /** The text of a value in UTF-8. A text with half of a character is {@code Invalid}. */
  static byte[] written(JsonNode value) {
    try {
      CharBuffer text = CharBuffer.wrap(MAPPER.writeValueAsString(value));
      ByteBuffer written = StandardCharsets.UTF_8.newEncoder().encode(text);
      return Arrays.copyOf(written.array(), written.limit());
    } catch (CharacterCodingException error) {
      throw new ScimletException.Invalid("a text has half of a character");
    } catch (JsonProcessingException error) {
      throw new IllegalStateException(error);
    }
  }

  /** The value that the module wrote. */
  static JsonNode read(byte[] text) {
    try {
      return MAPPER.readTree(text);
    } catch (IOException error) {
      throw new IllegalStateException("the module wrote no JSON", error);
    }
  }

  /** A document that the module wrote. */
  static JsonNode read(String text) {
    try {
      return MAPPER.readTree(text);
    } catch (JsonProcessingException error) {
      throw new IllegalStateException("the module wrote no JSON", error);
    }
  }

  /** A member that is a text; null if it is absent or null. */
  static String text(JsonNode record, String name) {
    JsonNode value = record.path(name);
    return value.isTextual() ? value.asText() : null;
  }

  /** A member that is a time in milliseconds since 1970, beyond 2^53 as text; null if absent. */
  static Instant time(JsonNode record, String name) {
    JsonNode value = record.path(name);
    return value.isNull() || value.isMissingNode() ? null : Instant.ofEpochMilli(value.asLong());
  }

  static List<String> texts(JsonNode array) {
    return list(array, JsonNode::asText);
  }

  /** What is made of each element. */
  static <T> List<T> list(JsonNode array, Function<JsonNode, T> each) {
    List<T> made = new ArrayList<>(array.size());
    array.forEach(element -> made.add(each.apply(element)));
    return Collections.unmodifiableList(made);
  }

  static ArrayNode array(Collection<String> texts) {
    ArrayNode array = array();
    texts.forEach(array::add);
    return array;
  }
}
