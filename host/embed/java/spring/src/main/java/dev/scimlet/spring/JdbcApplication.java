package dev.scimlet.spring;

import dev.scimlet.Application;
import dev.scimlet.Change;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * The application, which hears of each change before its commit: {@link Application} with a {@code
 * JdbcTemplate} over the connection of the transaction. A bean of this kind is found.
 */
@FunctionalInterface
public interface JdbcApplication {
  /**
   * Hears of one change; see {@link Application#apply}.
   *
   * @param change what is about to happen
   * @param db statements in the transaction of the change
   * @return the application's own id of the resource; null leaves it as it is
   * @throws Exception to refuse or to fail, as in {@link Application#apply}
   */
  Object apply(Change change, JdbcTemplate db) throws Exception;

  /**
   * The same over connections.
   *
   * @return what scimlet calls
   */
  default Application overConnections() {
    return (change, connection) ->
        apply(change, new JdbcTemplate(new SingleConnectionDataSource(connection, true)));
  }
}
