package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;

/** Values of SQL in the JSON of the module: {@code value} in {@code wit/sql.wit}. */
final class Values {
  /** The greatest integer that is written as a number. */
  private static final long EXACT = 1L << 53;

  private Values() {}

  /** Sets the parameters of a statement. */
  static void bind(PreparedStatement statement, JsonNode parameters, Dialect dialect)
      throws SQLException {
    for (int place = 0; place < parameters.size(); place++) {
      JsonNode value = parameters.get(place);
      if (value.isTextual()) {
        statement.setNull(place + 1, dialect == Dialect.POSTGRES ? Types.OTHER : Types.NULL);
        continue;
      }
      var named = value.properties().iterator().next();
      if (named.getKey().equals("blob")) {
        statement.setBytes(place + 1, blob(named.getValue()));
      } else if (dialect == Dialect.POSTGRES) {
        // A text of no type: the server reads it as the type that is wanted where it stands.
        statement.setObject(place + 1, named.getValue().asText(), Types.OTHER);
      } else {
        bind(statement, place + 1, named.getKey(), named.getValue());
      }
    }
  }

  private static void bind(PreparedStatement statement, int place, String kind, JsonNode value)
      throws SQLException {
    switch (kind) {
      case "integer" -> statement.setLong(place, value.asLong());
      case "real" -> statement.setDouble(place, value.asDouble());
      case "boolean" -> statement.setBoolean(place, value.asBoolean());
      default -> statement.setString(place, value.asText());
    }
  }

  private static byte[] blob(JsonNode value) throws SQLException {
    try {
      return value.binaryValue();
    } catch (IOException error) {
      throw new SQLException("the module wrote no base64", error);
    }
  }

  /** The rows of a result. */
  static ArrayNode rows(ResultSet result) throws SQLException {
    int columns = result.getMetaData().getColumnCount();
    ArrayNode rows = Json.array();
    while (result.next()) {
      ArrayNode row = rows.addArray();
      for (int column = 1; column <= columns; column++) {
        add(row, result, column);
      }
    }
    return rows;
  }

  private static void add(ArrayNode row, ResultSet result, int column) throws SQLException {
    Object value = result.getObject(column);
    if (value == null) {
      row.add("null");
      return;
    }
    ObjectNode encoded = row.addObject();
    if (value instanceof Integer || value instanceof Long || value instanceof Short) {
      integer(encoded, ((Number) value).longValue());
    } else if (value instanceof Double || value instanceof Float) {
      encoded.put("real", ((Number) value).doubleValue());
    } else if (value instanceof Boolean truth) {
      encoded.put("boolean", truth);
    } else if (value instanceof byte[] bytes) {
      encoded.put("blob", bytes);
    } else if (value instanceof String text) {
      encoded.put("text", text);
    } else {
      // Such as PostgreSQL's sum of integers.
      encoded.put("text", result.getString(column));
    }
  }

  private static void integer(ObjectNode encoded, long value) {
    if (-EXACT <= value && value <= EXACT) {
      encoded.put("integer", value);
    } else {
      encoded.put("integer", Long.toString(value));
    }
  }
}
