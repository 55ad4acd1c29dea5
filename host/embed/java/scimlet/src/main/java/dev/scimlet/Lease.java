package dev.scimlet;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;

/** A connection for the time of one call: one of the data source, or one that is joined. */
final class Lease {
  final Connection connection;
  final Dialect dialect;

  /** Whether the connection is the application's: {@code Scimlet.on}. */
  final boolean joins;

  private final boolean wasAutoCommit;

  private Lease(Connection connection, Dialect dialect, boolean joins, boolean wasAutoCommit) {
    this.connection = connection;
    this.dialect = dialect;
    this.joins = joins;
    this.wasAutoCommit = wasAutoCommit;
  }

  /** A connection that nobody else uses, which begins a transaction only when told to. */
  static Lease of(DataSource source) {
    Connection connection = null;
    try {
      connection = source.getConnection();
      Dialect dialect = Dialect.of(connection);
      boolean autoCommit = connection.getAutoCommit();
      if (isInUse(connection, dialect, autoCommit)) {
        throw new ScimletException.Unavailable(
            "the connection is in a transaction: join it with `on(connection)`", null);
      }
      if (!autoCommit) {
        connection.setAutoCommit(true);
      }
      return new Lease(connection, dialect, false, autoCommit);
    } catch (SQLException | RuntimeException error) {
      closeQuietly(connection);
      if (error instanceof ScimletException || error instanceof IllegalArgumentException) {
        throw (RuntimeException) error;
      }
      throw new ScimletException.Unavailable(
          "there is no connection: " + Dialect.sentence(error), error);
    }
  }

  /** Whether something was read or written in a transaction that is still open. */
  private static boolean isInUse(Connection connection, Dialect dialect, boolean autoCommit)
      throws SQLException {
    if (dialect == Dialect.POSTGRES) {
      return PostgresState.isInTransaction(connection);
    }
    if (autoCommit) {
      // In a transaction that a statement has begun, SQLite refuses another one.
      return false;
    }
    // The driver has begun one, even if it was not used. Where it was, SQLite refuses a checkpoint;
    // this one does nothing. Before 3.51 it moves what it can without waiting.
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA wal_checkpoint(NOOP)");
      return false;
    } catch (SQLException error) {
      if (dialect.kind(error) == Dialect.Kind.AGAIN) {
        return true;
      }
      throw error;
    }
  }

  /** A connection of the application's, which may be in a transaction. */
  static Lease joined(Connection connection) {
    try {
      return new Lease(connection, Dialect.of(connection), true, connection.getAutoCommit());
    } catch (SQLException error) {
      throw new ScimletException.Unavailable(
          "there is no connection: " + Dialect.sentence(error), error);
    }
  }

  /**
   * Whether a transaction begins with a savepoint in that of the application. In SQLite a savepoint
   * outside a transaction begins one, and its release commits it.
   */
  boolean isInTransaction() throws SQLException {
    return joins
        && (!wasAutoCommit
            || dialect == Dialect.SQLITE
            || PostgresState.isInTransaction(connection));
  }

  /**
   * Whether a connection that refused to roll back is in no transaction: the application has ended
   * it. Only SQLite refuses that.
   */
  boolean isIdle() {
    if (joins || dialect != Dialect.SQLITE) {
      return false;
    }
    try {
      command("BEGIN");
      command("ROLLBACK");
      return true;
    } catch (SQLException error) {
      return false;
    }
  }

  /** Executes a statement that begins or ends a transaction. */
  void command(String text) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(text);
    }
  }

  /** Gives the connection back with its settings as they were; one that is not usable to nobody. */
  void release(boolean isUsable) throws SQLException {
    if (joins) {
      return;
    }
    if (!isUsable) {
      discard();
      return;
    }
    try (connection) {
      if (!wasAutoCommit) {
        connection.setAutoCommit(false);
      }
    }
  }

  /** Closes the connection itself before a pool gets it back. */
  private void discard() {
    boolean isEnded;
    try {
      Connection own = connection.unwrap(Connection.class);
      boolean isAborted = succeeds(() -> own.abort(Runnable::run));
      isEnded = succeeds(own::close) || isAborted;
    } catch (SQLException | RuntimeException error) {
      isEnded = succeeds(() -> connection.abort(Runnable::run));
    }
    // One that may still be alive is not given back: a pool would give it to somebody else.
    if (isEnded) {
      // A pool learns so that the connection is lost.
      succeeds(() -> command("SELECT 1"));
      closeQuietly(connection);
    }
  }

  private interface Attempt {
    void run() throws SQLException;
  }

  /** Whether no exception is thrown. What was before it is told. */
  private static boolean succeeds(Attempt attempt) {
    try {
      attempt.run();
      return true;
    } catch (SQLException | RuntimeException error) {
      return false;
    }
  }

  private static void closeQuietly(Connection connection) {
    if (connection != null) {
      succeeds(connection::close);
    }
  }
}
