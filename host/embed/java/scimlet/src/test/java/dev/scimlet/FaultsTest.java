package dev.scimlet;

import static dev.scimlet.support.Faulty.invoked;
import static dev.scimlet.support.Faulty.proxy;
import static dev.scimlet.support.Scim.answered;
import static dev.scimlet.support.Scim.ask;
import static dev.scimlet.support.Scim.create;
import static dev.scimlet.support.Scim.nameOf;
import static dev.scimlet.support.Scim.request;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.scimlet.support.Databases;
import dev.scimlet.support.Faulty;
import dev.scimlet.support.Postgres;
import dev.scimlet.support.Scim;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.core.BaseConnection;

/**
 * A connection that breaks at every point of a change in turn: the change happens once or not at
 * all, and the application's table agrees.
 */
class FaultsTest {
  private static final Application KEEP =
      (change, db) ->
          Databases.first(db, "INSERT INTO own(name) VALUES (?) RETURNING id", nameOf(change));

  @TempDir Path folder;

  private DataSource database(String name) throws SQLException {
    DataSource source = Databases.sqlite(folder.resolve(name).toString());
    try (var connection = source.getConnection()) {
      Databases.run(connection, "CREATE TABLE own(id INTEGER PRIMARY KEY, name TEXT)");
    }
    Scim.tenant(source, null);
    return source;
  }

  private static List<Object> own(DataSource source) throws SQLException {
    try (var connection = source.getConnection()) {
      return Databases.all(connection, "SELECT name FROM own");
    }
  }

  @ParameterizedTest
  @CsvSource({"false, false", "false, true", "true, false", "true, true"})
  void aConnectionBreaksAtEveryPoint(boolean isAfter, boolean isGroup) throws SQLException {
    // Nothing but the commit itself keeps a group from being created twice.
    Request asked = isGroup ? request("POST", "/Groups", Scim.group("ada")) : create("ada");
    int point = 0;
    boolean hasFailed = true;
    while (hasFailed) {
      point++;
      DataSource source = database(point + ".db");
      Faulty faulty = new Faulty(source, isAfter, point);
      Tenant acme = Scimlet.builder(faulty.dataSource()).application(KEEP).build().tenant("acme");
      Response response;
      try {
        response = ask(acme, asked);
      } catch (ScimletException.Unavailable error) {
        response = new Response(503, List.of(), "");
      }
      hasFailed = faulty.hasFailed();
      judge(source, faulty, asked, response.status());
    }
    assertTrue(point > 5);
  }

  private static void judge(DataSource source, Faulty faulty, Request asked, int status)
      throws SQLException {
    Tenant back = Scimlet.builder(source).application(KEEP).build().tenant("acme");
    List<Object> own = own(source);
    var found = answered(ask(back, request("GET", asked.path(), "")), 200);
    assertEquals(own.size(), found.path("totalResults").asInt());
    assertEquals(faulty.committed, own.size());
    assertTrue(own.size() <= 1);
    assertTrue(status == 201 || (faulty.hasFailed() && status == 503), "status " + status);
    if (status == 201) {
      assertEquals(1, own.size());
    }
    assertEquals(0, faulty.open);
    // The client repeats it, over a database that is back.
    int again = !own.isEmpty() && asked.path().equals("/Users") ? 409 : 201;
    assertEquals(again, ask(back, asked).status());
  }

  /** A pool of one connection whose COMMIT throws after it was done; its backend and the next. */
  private static List<Object> backends(Throwable failure, String refused, Consumer<Port> commit)
      throws SQLException {
    DataSource direct = Postgres.source(Postgres.shared().database());
    HikariConfig config = new HikariConfig();
    // The first statement asks for the backend, the second begins.
    DataSource faulty = new Faulty(direct, true, 3, failure).dataSource();
    config.setDataSource(refusing(faulty, refused));
    config.setMaximumPoolSize(1);
    try (HikariDataSource pool = new HikariDataSource(config)) {
      Object first = backend(pool);
      try (Port port = new Port(Lease.of(refusing(pool, refused)), "acme", null)) {
        assertEquals("{\"return\":{\"ok\":null}}", told(port, "sql.begin"));
        commit.accept(port);
      }
      return List.of(first, backend(pool));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"unwrap", "abort"})
  void aLostConnectionGoesToNobodyElseWhateverRefuses(String refused) throws SQLException {
    var backends =
        backends(
            new IllegalStateException("the driver's"),
            refused,
            port -> assertTrue(told(port, "sql.commit").contains("unknown")));
    assertNotEquals(backends.get(0), backends.get(1));
  }

  /** The same, but a method of its connections throws. */
  private static DataSource refusing(DataSource source, String refused) {
    return proxy(
        DataSource.class,
        (proxy, method, given) -> {
          Object returned = invoked(source, method, given);
          return returned instanceof Connection connection
              ? refusing(connection, refused)
              : returned;
        });
  }

  private static Connection refusing(Connection connection, String refused) {
    return proxy(
        Connection.class,
        (proxy, method, given) -> {
          if (method.getName().equals(refused) && given[0] != BaseConnection.class) {
            throw new IllegalStateException(refused);
          }
          return invoked(connection, method, given);
        });
  }

  private static Object backend(DataSource source) throws SQLException {
    try (var connection = source.getConnection()) {
      return Databases.first(connection, "SELECT pg_backend_pid()");
    }
  }

  private static String told(Port port, String call) {
    String text = "{\"call\":\"" + call + "\",\"arguments\":{\"mode\":\"write\"}}";
    return new String(port.answer(Json.bytes(text)), StandardCharsets.UTF_8);
  }

  @Test
  void aCommitWhoseDriverThrowsSomethingElseIsUnknown() throws SQLException {
    var backends =
        backends(
            new IllegalStateException("the driver's"),
            "nothing",
            port -> assertTrue(told(port, "sql.commit").contains("unknown")));
    assertNotEquals(backends.get(0), backends.get(1));
  }

  @Test
  void aConnectionOnWhichAnErrorWasThrownGoesToNobodyElse() throws SQLException {
    var backends =
        backends(
            new StackOverflowError(),
            "nothing",
            port -> assertThrows(StackOverflowError.class, () -> told(port, "sql.commit")));
    assertNotEquals(backends.get(0), backends.get(1));
  }

  @Test
  void aTransactionInTheWayIsRepeatedWithTheApplication() throws SQLException {
    DataSource source = database("again.db");
    AtomicInteger heard = new AtomicInteger();
    Application application =
        (change, db) -> {
          if (heard.incrementAndGet() == 1) {
            throw new IllegalStateException(new SQLException("locked", null, 5));
          }
          return KEEP.apply(change, db);
        };
    Tenant acme = Scimlet.builder(source).application(application).build().tenant("acme");
    assertEquals(201, ask(acme, create("ada")).status());
    assertEquals(2, heard.get());
    assertEquals(List.of("ada"), own(source));
  }
}
