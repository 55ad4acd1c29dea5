package dev.scimlet;

import java.sql.Connection;
import java.sql.SQLException;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.TransactionState;

/** What only the JDBC driver of PostgreSQL itself can say. */
final class PostgresState {
  private PostgresState() {}

  /** Whether a transaction is open; false if the driver is another one, which does not say. */
  static boolean isInTransaction(Connection connection) throws SQLException {
    try {
      return connection.isWrapperFor(BaseConnection.class)
          && connection.unwrap(BaseConnection.class).getTransactionState() != TransactionState.IDLE;
    } catch (NoClassDefFoundError error) {
      return false;
    }
  }
}
