package dev.scimlet.support;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/** Databases for tests, and statements on them. */
public final class Databases {
  private Databases() {}

  /** Gives connections to a file of SQLite. */
  public static SQLiteDataSource sqlite(String path) {
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setBusyTimeout(10_000);
    SQLiteDataSource source = new SQLiteDataSource(config);
    source.setUrl("jdbc:sqlite:" + path);
    return source;
  }

  /** Executes a statement. */
  public static void run(Connection connection, String text, Object... parameters)
      throws SQLException {
    try (PreparedStatement statement = prepared(connection, text, parameters)) {
      statement.execute();
    }
  }

  /** The first value of the first row. */
  public static Object first(Connection connection, String text, Object... parameters)
      throws SQLException {
    return all(connection, text, parameters).get(0);
  }

  /** The first value of each row. */
  public static List<Object> all(Connection connection, String text, Object... parameters)
      throws SQLException {
    try (PreparedStatement statement = prepared(connection, text, parameters);
        ResultSet result = statement.executeQuery()) {
      List<Object> values = new ArrayList<>();
      while (result.next()) {
        values.add(result.getObject(1));
      }
      return values;
    }
  }

  private static PreparedStatement prepared(
      Connection connection, String text, Object... parameters) throws SQLException {
    PreparedStatement statement = connection.prepareStatement(text);
    for (int place = 0; place < parameters.length; place++) {
      statement.setObject(place + 1, parameters[place]);
    }
    return statement;
  }
}
