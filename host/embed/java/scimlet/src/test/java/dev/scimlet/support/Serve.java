package dev.scimlet.support;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.scimlet.Application;
import dev.scimlet.Change;
import dev.scimlet.Scimlet;
import dev.scimlet.ScimletHandler;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.Executors;
import javax.sql.DataSource;

/**
 * A server over a database, for tests that are clients over HTTP, at {@code sqlite:PATH} or {@code
 * postgres://…}.
 *
 * <p>Its first line says where it listens. For each line that it reads, such as {@code {"tenant":
 * "t1", "profile": "{…}"}}, it makes a tenant, and prints what a client needs: {@code {"url": …,
 * "secret": …}}. It ends with its input.
 */
public final class Serve {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CONNECTIONS = 16;

  private Serve() {}

  public static void main(String[] arguments) throws Exception {
    String database = arguments[0];
    boolean hasUsers = arguments.length > 1 && arguments[1].equals("--users");
    boolean isSqlite = database.startsWith("sqlite:");
    DataSource source = pool(isSqlite ? sqlite(database) : Postgres.source(database));
    Scimlet.Builder builder = Scimlet.builder(source);
    if (hasUsers) {
      makeTable(source);
      builder.application(follow());
    }
    Scimlet scim = builder.build();
    scim.migrate();
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    HttpServer server = HttpServer.create(address, 64);
    server.setExecutor(Executors.newCachedThreadPool());
    server.start();
    String root = "http://127.0.0.1:" + server.getAddress().getPort();
    System.out.println("listening on " + root);
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      JsonNode asked = JSON.readTree(line);
      String name = asked.path("tenant").asText();
      if (scim.createTenant(name)) {
        scim.tenant(name).configure(asked.path("profile").asText());
      }
      String path = "/" + name + "/scim/v2";
      server.createContext(path, new ScimletHandler(scim).tenant(name));
      String secret = scim.tenant(name).issueCredential("test").secret();
      System.out.println(JSON.createObjectNode().put("url", root + path).put("secret", secret));
    }
    System.exit(0);
  }

  private static DataSource sqlite(String database) {
    return Databases.sqlite(database.substring("sqlite:".length()));
  }

  private static DataSource pool(DataSource source) {
    HikariConfig config = new HikariConfig();
    config.setDataSource(source);
    config.setMaximumPoolSize(CONNECTIONS);
    config.setMinimumIdle(1);
    return new HikariDataSource(config);
  }

  private static void makeTable(DataSource source) throws SQLException {
    try (Connection connection = source.getConnection()) {
      boolean isSqlite = connection.getMetaData().getDatabaseProductName().equals("SQLite");
      String id = isSqlite ? "INTEGER PRIMARY KEY" : "BIGSERIAL PRIMARY KEY";
      Databases.run(
          connection,
          "CREATE TABLE IF NOT EXISTS users(id " + id + ", name TEXT UNIQUE, active INTEGER)");
    }
  }

  /** Keeps the application's table in step. */
  private static Application follow() {
    return (change, db) -> {
      if (!change.resourceType().equals("User")) {
        return null;
      }
      if (change.after() == null) {
        Databases.run(db, "DELETE FROM users WHERE id = ?", number(change));
        return null;
      }
      String name = change.after().path("userName").asText();
      int active = change.after().path("active").asBoolean(true) ? 1 : 0;
      if (change.productId() == null) {
        String insert = "INSERT INTO users(name, active) VALUES (?, ?) RETURNING id";
        return Databases.first(db, insert, name, active);
      }
      String update = "UPDATE users SET name = ?, active = ? WHERE id = ?";
      Databases.run(db, update, name, active, number(change));
      return null;
    };
  }

  private static Long number(Change change) {
    return change.productId() == null ? null : Long.valueOf(change.productId());
  }
}
