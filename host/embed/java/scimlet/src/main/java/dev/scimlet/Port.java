package dev.scimlet;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.System.Logger.Level;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.stream.Stream;

/**
 * Answers the calls that the module makes while it runs ({@code sql}, {@code application}, {@code
 * journal}) over one connection, for the time of one call. No exception of a driver leaves it.
 */
final class Port implements AutoCloseable {
  static final System.Logger LOGGER = System.getLogger("scimlet");

  private static final byte[] NOTHING = {};

  private enum Open {
    NOTHING,
    TRANSACTION,
    SAVEPOINT
  }

  private final Lease lease;
  private final String tenant;
  private final Application application;
  private Open open = Open.NOTHING;

  /** False after a failure that leaves the connection in an unknown state. */
  private boolean isUsable = true;

  Port(Lease lease, String tenant, Application application) {
    this.lease = lease;
    this.tenant = tenant;
    this.application = application;
  }

  Dialect dialect() {
    return lease.dialect;
  }

  /** The answer to a call of the module. */
  byte[] answer(byte[] text) {
    try {
      return answered(text);
    } catch (Error error) {
      // The driver may have been in the middle of an exchange with the server.
      isUsable = false;
      throw error;
    }
  }

  private byte[] answered(byte[] text) {
    JsonNode call = Json.read(text);
    JsonNode arguments = call.path("arguments");
    JsonNode returned;
    switch (call.path("call").asText()) {
      case "sql.execute" -> returned = execute(arguments.path("statements"));
      case "sql.begin" -> returned = begin(arguments.path("mode").asText());
      case "sql.commit" -> returned = commit();
      case "sql.roll-back" -> returned = rollBack();
      case "application.before-commit" -> returned = beforeCommit(arguments.path("changes"));
      case "journal.write" -> {
        write(arguments.path("note"));
        return NOTHING;
      }
      default -> {
        return Json.bytes("{\"error\":\"there is no such function\"}");
      }
    }
    return Json.written(Json.object().set("return", returned));
  }

  /**
   * Undoes what was not committed, as after a call that was given up; gives the connection back.
   */
  @Override
  public void close() {
    if (open != Open.NOTHING) {
      rollBack();
    }
    try {
      lease.release(isUsable);
    } catch (SQLException | RuntimeException error) {
      warn("a connection was lost", error);
    }
  }

  private JsonNode begin(String mode) {
    try {
      boolean joins = lease.isInTransaction();
      lease.command(joins ? "SAVEPOINT scimlet" : lease.dialect.begin(mode));
      open = joins ? Open.SAVEPOINT : Open.TRANSACTION;
      return ok(null);
    } catch (SQLException | RuntimeException error) {
      return failed(error, false);
    }
  }

  private JsonNode execute(JsonNode statements) {
    boolean isLone = open == Open.NOTHING && lease.joins && lease.dialect == Dialect.POSTGRES;
    if (!isLone) {
      return rows(statements);
    }
    // Where a statement fails outside a savepoint, PostgreSQL gives up the whole transaction.
    JsonNode begun = begin("read");
    if (begun.has("err")) {
      return begun;
    }
    JsonNode answer = rows(statements);
    if (answer.has("err")) {
      rollBack();
      return answer;
    }
    JsonNode ended = commit();
    return ended.has("err") ? ended : answer;
  }

  private JsonNode rows(JsonNode statements) {
    ArrayNode answers = Json.array();
    try {
      for (JsonNode each : statements) {
        String text = lease.dialect.translated(each.path("text").asText());
        try (PreparedStatement statement = lease.connection.prepareStatement(text)) {
          Values.bind(statement, each.path("parameters"), lease.dialect);
          boolean hasRows = statement.execute();
          answers.add(hasRows ? Values.rows(statement.getResultSet()) : Json.array());
        }
      }
      return ok(answers);
    } catch (SQLException | RuntimeException error) {
      return failed(error, false);
    }
  }

  private JsonNode commit() {
    boolean isOwn = open == Open.TRANSACTION;
    try {
      lease.command(isOwn ? "COMMIT" : "RELEASE SAVEPOINT scimlet");
      open = Open.NOTHING;
      return ok(null);
    } catch (SQLException | RuntimeException error) {
      return failed(error, isOwn);
    }
  }

  private JsonNode rollBack() {
    Open was = open;
    open = Open.NOTHING;
    try {
      if (was == Open.TRANSACTION) {
        lease.command("ROLLBACK");
      } else if (was == Open.SAVEPOINT) {
        lease.command("ROLLBACK TO SAVEPOINT scimlet");
        lease.command("RELEASE SAVEPOINT scimlet");
      }
    } catch (SQLException | RuntimeException error) {
      // Nothing more is to be said of a connection that was lost before.
      if (isUsable && !lease.isIdle()) {
        warn("a transaction was not undone", error);
        isUsable = false;
      }
    }
    return Json.object().nullNode();
  }

  private JsonNode beforeCommit(JsonNode changes) {
    try {
      // To release it fails if the application ended the transaction, or left it aborted.
      lease.command("SAVEPOINT scimlet_application");
    } catch (SQLException | RuntimeException error) {
      return failed(error, false);
    }
    try {
      ArrayNode ids = Json.array();
      var shared = SharedConnection.of(lease.connection);
      for (Object id : application.beforeCommit(Change.list(changes), shared)) {
        ids.add(id == null ? null : id.toString());
      }
      lease.command("RELEASE SAVEPOINT scimlet_application");
      return ok(ids);
    } catch (InvalidChange error) {
      return err("invalid", error.getMessage());
    } catch (ForbiddenChange error) {
      return err("forbidden", error.getMessage());
    } catch (Exception error) {
      if (error instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      if (isInTheWay(error)) {
        return err("again", Dialect.sentence(error));
      }
      String where = trace(error);
      LOGGER.log(Level.ERROR, "{0}: the application failed: {1}", tenant, where);
      return err("failed", Dialect.sentence(error));
    }
  }

  /** Where it failed, without the messages of its causes, which may have personal data. */
  private static String trace(Throwable error) {
    String frames =
        Stream.of(error.getStackTrace()).map(frame -> "\n\tat " + frame).collect(joining());
    return Dialect.sentence(error) + frames;
  }

  /** Whether it, or what it came from, says that transactions were in each other's way. */
  private boolean isInTheWay(Throwable error) {
    for (Throwable each = error; each != null; each = each.getCause()) {
      if (each instanceof SQLException failure
          && lease.dialect.kind(failure) == Dialect.Kind.AGAIN) {
        return true;
      }
    }
    return false;
  }

  /** A {@code failure} of {@code wit/sql.wit}. */
  private JsonNode failed(Exception error, boolean isCommitting) {
    Dialect.Kind kind = lease.dialect.kind(error);
    if (kind != Dialect.Kind.LOST) {
      return err(kind == Dialect.Kind.AGAIN ? "again" : "failed", Dialect.sentence(error));
    }
    isUsable = false;
    return err(isCommitting ? "unknown" : "failed", Dialect.sentence(error));
  }

  private void write(JsonNode note) {
    Level level =
        switch (note.path("level").asText()) {
          case "debug" -> Level.DEBUG;
          case "warn" -> Level.WARNING;
          case "error" -> Level.ERROR;
          default -> Level.INFO;
        };
    // In JSON, because a line break in a note must not begin a line of the log.
    LOGGER.log(level, "{0}: {1}: {2}", tenant, note.path("topic").asText(), note.path("text"));
  }

  private void warn(String what, Exception error) {
    LOGGER.log(Level.WARNING, "{0}: {1}: {2}", tenant, what, Dialect.sentence(error));
  }

  private static JsonNode ok(JsonNode value) {
    return Json.object().set("ok", value);
  }

  private static JsonNode err(String kind, String sentence) {
    ObjectNode error = Json.object();
    return Json.object().set("err", error.put(kind, String.valueOf(sentence)));
  }
}
