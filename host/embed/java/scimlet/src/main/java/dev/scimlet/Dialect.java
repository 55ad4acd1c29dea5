package dev.scimlet;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;

/** The two dialects of SQL that the module writes, and what their JDBC drivers say. */
enum Dialect {
  SQLITE("sqlite", "BEGIN", "BEGIN IMMEDIATE"),
  POSTGRES(
      "postgres",
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
      "BEGIN ISOLATION LEVEL READ COMMITTED");

  /** What a failure says: it may be tried again, it failed, or the connection is lost. */
  enum Kind {
    AGAIN,
    FAILED,
    LOST
  }

  private static final int SQLITE_BUSY = 5;
  private static final int SQLITE_LOCKED = 6;

  /** Serialization failure, deadlock, lock not available. */
  private static final Set<String> IN_THE_WAY = Set.of("40001", "40P01", "55P03");

  private static final String COMPLETION_UNKNOWN = "40003";

  private final String name;
  private final String beginRead;
  private final String beginWrite;

  Dialect(String name, String beginRead, String beginWrite) {
    this.name = name;
    this.beginRead = beginRead;
    this.beginWrite = beginWrite;
  }

  /** The dialect of a connection's database. */
  static Dialect of(Connection connection) throws SQLException {
    String product = connection.getMetaData().getDatabaseProductName();
    return switch (product) {
      case "SQLite" -> SQLITE;
      case "PostgreSQL" -> POSTGRES;
      default -> throw new IllegalArgumentException("scimlet has no SQL for " + product);
    };
  }

  /** Its name in {@code wit/sql.wit}. */
  String wit() {
    return name;
  }

  /** What begins a transaction of this mode of {@code wit/sql.wit}. */
  String begin(String mode) {
    return mode.equals("read") ? beginRead : beginWrite;
  }

  /** The module's statement with the parameters of JDBC: it has {@code $1} only for them. */
  String translated(String text) {
    if (this == SQLITE || text.indexOf('$') < 0) {
      return text;
    }
    StringBuilder translated = new StringBuilder(text.length());
    for (int at = 0; at < text.length(); at++) {
      char each = text.charAt(at);
      if (each != '$') {
        translated.append(each);
        continue;
      }
      translated.append('?');
      while (at + 1 < text.length() && Character.isDigit(text.charAt(at + 1))) {
        at++;
      }
    }
    return translated.toString();
  }

  /** What an exception of the driver or of a pool says. */
  Kind kind(Exception error) {
    if (!(error instanceof SQLException failure)) {
      // Where the driver's own code fails, nobody knows what the server has still to say.
      return this == SQLITE ? Kind.FAILED : Kind.LOST;
    }
    String state = failure.getSQLState();
    if (this == SQLITE) {
      int code = failure.getErrorCode() & 0xFF;
      boolean isBusy = code == SQLITE_BUSY || code == SQLITE_LOCKED;
      return isBusy ? Kind.AGAIN : isLost(state) ? Kind.LOST : Kind.FAILED;
    }
    if (state == null) {
      // It does not come from the server.
      return Kind.LOST;
    }
    if (IN_THE_WAY.contains(state)) {
      return Kind.AGAIN;
    }
    return isLost(state) || state.equals(COMPLETION_UNKNOWN) ? Kind.LOST : Kind.FAILED;
  }

  /** The connection broke, or the operator ended it. */
  private static boolean isLost(String state) {
    return state != null && (state.startsWith("08") || state.startsWith("57P"));
  }

  /**
   * What an exception says, for the operator. Values of a statement are personal data, and
   * PostgreSQL names some in further lines.
   */
  static String sentence(Throwable error) {
    String message = String.valueOf(error.getMessage());
    int end = message.indexOf('\n');
    return error.getClass().getSimpleName()
        + ": "
        + (end < 0 ? message : message.substring(0, end));
  }
}
