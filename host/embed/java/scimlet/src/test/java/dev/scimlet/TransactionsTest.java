package dev.scimlet;

import static dev.scimlet.support.Scim.answered;
import static dev.scimlet.support.Scim.ask;
import static dev.scimlet.support.Scim.create;
import static dev.scimlet.support.Scim.names;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.scimlet.support.Backend;
import dev.scimlet.support.Databases;
import dev.scimlet.support.Postgres;
import dev.scimlet.support.Scim;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Changes of the application's and of scimlet's in one transaction: {@code on(connection)}. */
class TransactionsTest {
  @TempDir Path folder;

  private DataSource source;
  private Scimlet scim;

  private Connection opened(Backend backend, boolean isAutoCommit) throws SQLException {
    source = backend.open(folder);
    scim = Scimlet.builder(source).build();
    Scim.tenant(scim);
    Connection connection = source.getConnection();
    connection.setAutoCommit(true);
    Databases.run(connection, "CREATE TABLE own(name TEXT)");
    connection.setAutoCommit(isAutoCommit);
    return connection;
  }

  private static void write(Connection connection, String name) throws SQLException {
    Databases.run(connection, "INSERT INTO own VALUES (?)", name);
  }

  private List<Object> own() throws SQLException {
    try (Connection other = source.getConnection()) {
      return Databases.all(other, "SELECT name FROM own ORDER BY name");
    }
  }

  private static String user(String name) {
    return "{\"userName\": \"" + name + "\"}";
  }

  @ParameterizedTest
  @EnumSource
  void aChangeJoinsATransaction(Backend backend) throws SQLException {
    try (Connection connection = opened(backend, false)) {
      Tenant joined = scim.on(connection).tenant("acme");
      write(connection, "ada");
      joined.createUser(user("ada"), null);
      connection.commit();
      assertEquals(names(scim.tenant("acme")), own());
      // In either order, and what scimlet refuses leaves the application's part.
      joined.createUser(user("bo"), null);
      write(connection, "bo");
      assertThrows(
          ScimletException.Invalid.class, () -> joined.createUser("{\"userName\": 5}", null));
      assertEquals(2, names(joined).size());
      connection.commit();
      joined.createUser(user("cy"), null);
      write(connection, "cy");
      connection.rollback();
      assertFalse(connection.getAutoCommit());
    }
    assertEquals(List.of("ada", "bo"), own());
    assertEquals(List.of("ada", "bo"), names(scim.tenant("acme")));
  }

  @ParameterizedTest
  @EnumSource
  void aTransactionThatAStatementHasBegunIsJoinedToo(Backend backend) throws SQLException {
    try (Connection connection = opened(backend, true)) {
      Databases.run(connection, "BEGIN");
      write(connection, "ada");
      scim.on(connection).tenant("acme").createUser(user("ada"), null);
      Databases.run(connection, "ROLLBACK");
    }
    assertEquals(List.of(), own());
    assertEquals(List.of(), names(scim.tenant("acme")));
  }

  @ParameterizedTest
  @EnumSource
  void withoutATransactionAChangeIsCommittedAtOnce(Backend backend) throws SQLException {
    try (Connection connection = opened(backend, true)) {
      scim.on(connection).tenant("acme").createUser(user("ada"), null);
      assertEquals(List.of("ada"), names(scim.tenant("acme")));
    }
  }

  /** Gives one connection, whatever is open there. */
  private static DataSource always(Connection connection) {
    Class<?>[] types = {DataSource.class};
    return (DataSource)
        Proxy.newProxyInstance(
            TransactionsTest.class.getClassLoader(), types, (proxy, method, given) -> connection);
  }

  @ParameterizedTest
  @CsvSource({"SQLITE, false", "SQLITE, true", "POSTGRES, false", "POSTGRES, true"})
  void aTransactionOfTheApplicationsIsNotEnded(Backend backend, boolean isAutoCommit)
      throws SQLException {
    try (Connection connection = opened(backend, isAutoCommit)) {
      if (isAutoCommit) {
        Databases.run(connection, "BEGIN");
      }
      write(connection, "ada");
      Tenant acme = Scimlet.builder(always(connection)).build().tenant("acme");
      assertThrows(ScimletException.Unavailable.class, () -> acme.createUser(user("ada"), null));
    }
    assertEquals(List.of(), own());
    assertEquals(List.of(), names(scim.tenant("acme")));
  }

  @Test
  void aStatementThatTakesTooLongLeavesTheRestOfAJoinedTransaction() throws SQLException {
    try (Connection connection = opened(Backend.POSTGRES, false);
        Connection other = source.getConnection()) {
      List<Object> tables =
          Databases.all(other, "SELECT tablename FROM pg_tables WHERE tablename LIKE 'scimlet_%'");
      other.setAutoCommit(false);
      for (Object table : tables) {
        Databases.run(other, "LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE");
      }
      write(connection, "before");
      Databases.run(connection, "SET LOCAL statement_timeout = 200");
      Tenant joined = scim.on(connection).tenant("acme");
      assertThrows(ScimletException.Unavailable.class, () -> joined.createUser(user("ada"), null));
      write(connection, "later");
      connection.commit();
      other.rollback();
    }
    assertEquals(List.of("before", "later"), own());
    assertEquals(List.of(), names(scim.tenant("acme")));
  }

  @Test
  void aBusyDatabaseIsUnavailableAndThenThereAgain() throws SQLException {
    var file = Databases.sqlite(folder.resolve("busy.db").toString());
    file.getConfig().setBusyTimeout(1);
    Tenant acme = Scim.tenant(file, null);
    try (Connection other = file.getConnection()) {
      Databases.run(other, "BEGIN IMMEDIATE");
      assertEquals(503, ask(acme, create("ada")).status());
      Databases.run(other, "ROLLBACK");
    }
    answered(ask(acme, create("ada")), 201);
  }

  @Test
  void aConnectionThatIsLostGoesToNobodyElse() throws SQLException {
    // Of a pool with one connection, which the server ends in the middle of a transaction.
    var config = new com.zaxxer.hikari.HikariConfig();
    DataSource direct = Postgres.source(Postgres.shared().database());
    config.setDataSource(direct);
    config.setMaximumPoolSize(1);
    try (var pool = new com.zaxxer.hikari.HikariDataSource(config)) {
      boolean[] ends = {false};
      Tenant acme =
          Scim.tenant(
              pool,
              (change, db) -> {
                if (ends[0]) {
                  Object pid = Databases.first(db, "SELECT pg_backend_pid()");
                  try (Connection other = direct.getConnection()) {
                    Databases.run(other, "SELECT pg_terminate_backend(?)", pid);
                  }
                }
                return null;
              });
      ends[0] = true;
      assertEquals(503, ask(acme, create("ada")).status());
      ends[0] = false;
      answered(ask(acme, create("ada")), 201);
      assertEquals(List.of("ada"), names(acme));
    }
  }
}
