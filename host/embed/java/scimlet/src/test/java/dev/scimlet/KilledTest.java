package dev.scimlet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.scimlet.support.Databases;
import dev.scimlet.support.Postgres;
import dev.scimlet.support.Scim;
import dev.scimlet.support.Serve;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * kill -9 under load: nothing that was acknowledged is lost, and the application's table agrees.
 * {@code SCIMLET_ROUNDS} says how often.
 */
class KilledTest {
  private static final int ROUNDS =
      Integer.parseInt(System.getenv().getOrDefault("SCIMLET_ROUNDS", "2"));
  private static final int CLIENTS = 4;

  @TempDir Path folder;

  private final AtomicInteger names = new AtomicInteger();
  private final Random random = new Random();

  /** What clients know, until the server is killed. */
  private final class Client extends Thread {
    final Map<String, Boolean> acknowledged = new HashMap<>();
    final Set<String> unknown = new HashSet<>();
    final List<String> others = new ArrayList<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private final JsonNode tenant;
    private final CountDownLatch enough;

    Client(JsonNode tenant, CountDownLatch enough) {
      this.tenant = tenant;
      this.enough = enough;
    }

    @Override
    public void run() {
      try {
        while (true) {
          String name = "user" + names.getAndIncrement();
          unknown.add(name);
          JsonNode made = ask("POST", "/Users", Scim.user(name));
          if (made == null) {
            continue;
          }
          acknowledge(name, true);
          if (random.nextBoolean()) {
            unknown.add(name);
            String path = "/Users/" + made.path("id").asText();
            if (ask("PATCH", path, Scim.active(false)) != null) {
              acknowledge(name, false);
            }
          }
        }
      } catch (IOException error) {
        // The server is gone.
      } catch (InterruptedException error) {
        throw new IllegalStateException(error);
      }
    }

    private void acknowledge(String name, boolean isActive) {
      acknowledged.put(name, isActive);
      unknown.remove(name);
      enough.countDown();
    }

    /** The document of a good answer; null if it was busy. */
    private JsonNode ask(String method, String path, String body)
        throws IOException, InterruptedException {
      var request =
          HttpRequest.newBuilder(URI.create(tenant.path("url").asText() + path))
              .header("authorization", "Bearer " + tenant.path("secret").asText())
              .header("content-type", "application/scim+json")
              .method(method, BodyPublishers.ofString(body));
      var answer = http.send(request.build(), BodyHandlers.ofString());
      if (answer.statusCode() == 200 || answer.statusCode() == 201) {
        return Scim.json(answer.body());
      }
      if (answer.statusCode() != 503) {
        others.add(answer.statusCode() + ": " + answer.body());
      }
      return null;
    }
  }

  @Test
  void underLoadOverSqlite() throws Exception {
    String path = folder.resolve("app.db").toString();
    killed("sqlite:" + path, Databases.sqlite(path));
  }

  @Test
  void underLoadOverPostgres() throws Exception {
    String url = Postgres.shared().database();
    killed(url, Postgres.source(url));
  }

  private void killed(String database, DataSource source) throws Exception {
    Map<String, Boolean> acknowledged = new HashMap<>();
    for (int round = 0; round < ROUNDS; round++) {
      List<Client> clients = served(database);
      Set<String> unknown = new HashSet<>();
      for (Client each : clients) {
        assertEquals(List.of(), each.others);
        acknowledged.putAll(each.acknowledged);
        unknown.addAll(each.unknown);
      }
      Map<String, Boolean> own = own(source);
      assertEquals(scims(source), own);
      acknowledged.forEach(
          (name, isActive) -> {
            if (!unknown.contains(name)) {
              assertEquals(isActive, own.get(name), name);
            }
          });
      unknown.stream().filter(own::containsKey).forEach(n -> acknowledged.put(n, own.get(n)));
    }
    assertFalse(acknowledged.isEmpty());
  }

  /** Starts a server, and kills it in the middle of its work. */
  private List<Client> served(String database) throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    // A short process: the optimizing compiler would only take its time.
    ProcessBuilder command =
        new ProcessBuilder(java, "-XX:TieredStopAtLevel=1", Serve.class.getName(), database);
    command.command().add("--users");
    command.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process server = command.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (BufferedReader output = server.inputReader();
        Writer input = server.outputWriter()) {
      assertTrue(output.readLine().startsWith("listening on http://127.0.0.1:"));
      input.write("{\"tenant\": \"t0\", \"profile\": \"{\\\"extends\\\": \\\"okta\\\"}\"}\n");
      input.flush();
      JsonNode tenant = Scim.json(output.readLine());
      CountDownLatch enough = new CountDownLatch(5 + random.nextInt(40));
      List<Client> clients = new ArrayList<>();
      for (int number = 0; number < CLIENTS; number++) {
        clients.add(new Client(tenant, enough));
      }
      clients.forEach(Thread::start);
      enough.await();
      server.destroyForcibly().waitFor();
      for (Client each : clients) {
        each.join();
      }
      return clients;
    } finally {
      server.destroyForcibly();
    }
  }

  private static Map<String, Boolean> own(DataSource source) throws SQLException {
    Map<String, Boolean> own = new HashMap<>();
    try (var connection = source.getConnection();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT name, active FROM users")) {
      while (rows.next()) {
        own.put(rows.getString(1), rows.getInt(2) == 1);
      }
    }
    return own;
  }

  /** userName and active of all users, from scimlet's own tables. */
  private static Map<String, Boolean> scims(DataSource source) {
    Tenant tenant = Scimlet.builder(source).build().tenant("t0");
    Map<String, Boolean> users = new HashMap<>();
    String cursor = "";
    do {
      JsonNode page = tenant.users(null, cursor, 500);
      for (JsonNode user : page.path("Resources")) {
        users.put(user.path("userName").asText(), user.path("active").asBoolean(true));
      }
      cursor = page.path("nextCursor").asText();
    } while (!cursor.isEmpty());
    return users;
  }
}
