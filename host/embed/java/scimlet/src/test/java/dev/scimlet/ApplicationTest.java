package dev.scimlet;

import static dev.scimlet.support.Scim.answered;
import static dev.scimlet.support.Scim.ask;
import static dev.scimlet.support.Scim.create;
import static dev.scimlet.support.Scim.nameOf;
import static dev.scimlet.support.Scim.names;
import static dev.scimlet.support.Scim.request;
import static dev.scimlet.support.Scim.setActive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.scimlet.support.Backend;
import dev.scimlet.support.Databases;
import dev.scimlet.support.Scim;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The application's function, called before the commit of each change. */
class ApplicationTest {
  @TempDir Path folder;

  private DataSource source;

  private Tenant over(Backend backend, Application application) throws SQLException {
    source = backend.open(folder);
    String id = backend.isSqlite() ? "INTEGER PRIMARY KEY" : "SERIAL PRIMARY KEY";
    run("CREATE TABLE own(id " + id + ", name TEXT NOT NULL)");
    return Scim.tenant(source, application);
  }

  private void run(String text) throws SQLException {
    try (var connection = source.getConnection()) {
      boolean wasManual = !connection.getAutoCommit();
      connection.setAutoCommit(true);
      Databases.run(connection, text);
      connection.setAutoCommit(!wasManual);
    }
  }

  private List<Object> rows() throws SQLException {
    try (var connection = source.getConnection()) {
      return Databases.all(connection, "SELECT name FROM own ORDER BY id");
    }
  }

  private static Object keep(Change change, Connection db) throws SQLException {
    return Databases.first(db, "INSERT INTO own(name) VALUES (?) RETURNING id", nameOf(change));
  }

  @ParameterizedTest
  @EnumSource
  void itHearsOfEachChangeAndGivesItsOwnId(Backend backend) throws SQLException {
    List<Change> heard = new ArrayList<>();
    Tenant acme =
        over(
            backend,
            (change, db) -> {
              heard.add(change);
              assertFalse(db.getAutoCommit());
              return change.step() == Step.CREATED ? keep(change, db) : null;
            });
    String id = answered(ask(acme, create("ada")), 201).path("id").asText();
    assertEquals(id, acme.findByProductId("User", "1"));
    answered(ask(acme, setActive(id, false)), 200);
    answered(ask(acme, setActive(id, true)), 200);
    assertEquals(204, ask(acme, request("DELETE", "/Users/" + id, "")).status());
    assertEquals(
        List.of(Step.CREATED, Step.DEACTIVATED, Step.REACTIVATED, Step.REMOVED),
        heard.stream().map(Change::step).toList());
    assertNull(heard.get(0).before());
    assertNull(heard.get(0).productId());
    assertEquals("ada", heard.get(0).after().path("userName").asText());
    assertEquals("1", heard.get(3).productId());
    assertEquals(List.of("active"), heard.get(1).attributes());
    assertTrue(heard.get(1).effects().stream().anyMatch(e -> e.name().equals("revoke-sessions")));
    assertEquals(List.of("ada"), rows());
  }

  @Test
  void membersOfGroupsAreNamed() throws SQLException {
    List<Change> heard = new ArrayList<>();
    Tenant acme =
        over(
            Backend.SQLITE,
            (change, db) -> {
              heard.add(change);
              return null;
            });
    String user = answered(ask(acme, create("ada")), 201).path("id").asText();
    answered(ask(acme, request("POST", "/Groups", Scim.group("Staff", user))), 201);
    assertEquals("Group", heard.get(1).resourceType());
    assertEquals(user, heard.get(1).membersAdded().get(0).id());
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 403})
  void itRefusesWithASentence(int status) throws SQLException {
    String sentence = "only in uneven weeks";
    Tenant acme =
        over(
            Backend.SQLITE,
            (change, db) -> {
              keep(change, db);
              throw status == 400 ? new InvalidChange(sentence) : new ForbiddenChange(sentence);
            });
    String detail = answered(ask(acme, create("ada")), status).path("detail").asText();
    assertTrue(detail.contains(sentence), detail);
    assertEquals(List.of(), rows());
    assertEquals(List.of(), names(acme));
  }

  @ParameterizedTest
  @EnumSource
  void aFailureOfItsOwnUndoesTheChange(Backend backend) throws SQLException {
    Tenant acme =
        over(
            backend,
            (change, db) -> {
              keep(change, db);
              return Databases.first(db, "INSERT INTO own(name) VALUES (NULL) RETURNING id");
            });
    assertEquals(503, ask(acme, create("ada")).status());
    assertEquals(List.of(), rows());
    assertEquals(List.of(), names(acme));
  }

  @Test
  void anErrorOfTheVirtualMachineUndoesTheChange() throws SQLException {
    Tenant acme =
        over(
            Backend.SQLITE,
            (change, db) -> {
              keep(change, db);
              throw new AssertionError("a mistake");
            });
    assertThrows(AssertionError.class, () -> ask(acme, create("ada")));
    assertEquals(List.of(), rows());
    assertEquals(List.of(), names(acme));
  }

  @ParameterizedTest
  @EnumSource
  void itCannotEndTheTransactionByTheConnection(Backend backend) throws SQLException {
    Tenant acme =
        over(
            backend,
            (change, db) -> {
              Object id = keep(change, db);
              assertThrows(SQLException.class, db::commit);
              assertThrows(SQLException.class, db::rollback);
              assertThrows(SQLException.class, () -> db.setAutoCommit(true));
              db.close();
              keep(change, db);
              return id;
            });
    assertEquals(201, ask(acme, create("ada")).status());
    assertEquals(List.of("ada", "ada"), rows());
  }

  @ParameterizedTest
  @EnumSource
  void ifItCommitsByAStatementTheChangeIsGivenUpAndOnlyItsOwnPartStays(Backend backend)
      throws SQLException {
    Tenant acme =
        over(
            backend,
            (change, db) -> {
              keep(change, db);
              Databases.run(db, "COMMIT");
              return null;
            });
    int before = acme.events(0, 100).size();
    assertEquals(503, ask(acme, create("ada")).status());
    assertEquals(List.of("ada"), rows());
    assertEquals(List.of(), names(acme));
    assertEquals(before, acme.events(0, 100).size());
  }

  @Test
  void swallowingAnErrorDoesNotCommitNothing() throws SQLException {
    // PostgreSQL answers COMMIT of a failed transaction with a rollback.
    Tenant acme =
        over(
            Backend.POSTGRES,
            (change, db) -> {
              assertThrows(SQLException.class, () -> Databases.run(db, "SELECT 1 FROM nowhere"));
              return null;
            });
    assertEquals(503, ask(acme, create("ada")).status());
    assertEquals(List.of(), names(acme));
  }

  @Test
  void itMayHearOfAllChangesAtOnce() throws SQLException {
    Tenant acme =
        over(
            Backend.SQLITE,
            new Application() {
              @Override
              public Object apply(Change change, Connection db) {
                throw new UnsupportedOperationException();
              }

              @Override
              public List<?> beforeCommit(List<Change> changes, Connection db) throws Exception {
                return List.of(keep(changes.get(0), db));
              }
            });
    String id = answered(ask(acme, create("ada")), 201).path("id").asText();
    assertEquals(id, acme.findByProductId("User", "1"));
  }

  @Test
  void itMayRefuseAnErasure() throws SQLException {
    Tenant acme =
        over(
            Backend.SQLITE,
            (change, db) -> {
              if (change.step() == Step.ERASED) {
                throw new InvalidChange("there are invoices");
              }
              return null;
            });
    String id = answered(ask(acme, create("ada")), 201).path("id").asText();
    assertThrows(ScimletException.Refused.class, () -> acme.eraseUser(id));
    assertEquals(List.of("ada"), names(acme));
  }
}
