package dev.scimlet.spring;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Takes the README's first example, runs it, and is Okta to it over HTTP. {@code extract README
 * FOLDER} writes its files; {@code drive FOLDER} runs it with this process's class path.
 */
public final class FirstExample {
  static final int MOST_LINES = 25;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, String> FILES =
      Map.of(
          "java", "src/main/java/app/App.java",
          "sql", "src/main/resources/schema.sql",
          "properties", "src/main/resources/application.properties");

  private final HttpClient client = HttpClient.newHttpClient();
  private final String url;
  private final String secret;
  private final Path folder;

  private FirstExample(String url, String secret, Path folder) {
    this.url = url;
    this.secret = secret;
    this.folder = folder;
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("extract")) {
      extract(Path.of(arguments[1]), Path.of(arguments[2]));
    } else {
      drive(System.getProperty("java.class.path"), Path.of(arguments[1]));
      System.out.println("the first example holds");
    }
  }

  /** The first block of this language in the README. */
  static String block(Path readme, String language) throws IOException {
    Matcher found =
        Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(readme));
    if (!found.find()) {
      throw new IllegalStateException("the README has no " + language);
    }
    return found.group(1);
  }

  /** Writes the example's files. */
  static void extract(Path readme, Path folder) throws IOException {
    for (var each : FILES.entrySet()) {
      Path file = folder.resolve(each.getValue());
      Files.createDirectories(file.getParent());
      Files.writeString(file, block(readme, each.getKey()));
    }
  }

  /** Runs the example in this folder, and asks as Okta does. */
  static void drive(String classPath, Path folder) throws Exception {
    for (String name : List.of("app.db", "app.db-wal", "app.db-shm")) {
      Files.deleteIfExists(folder.resolve(name));
    }
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    ProcessBuilder command = new ProcessBuilder(java, "app.App", "--server.port=0");
    command.environment().put("CLASSPATH", classPath);
    Process server = command.directory(folder.toFile()).redirectErrorStream(true).start();
    try (BufferedReader output = server.inputReader()) {
      Pattern pattern = Pattern.compile("started on port (\\d+)|secret: (\\S+)");
      String port = null;
      String secret = null;
      StringBuilder seen = new StringBuilder();
      while (port == null || secret == null) {
        String line = output.readLine();
        check(line != null, "the example ended: " + seen);
        seen.append(line).append('\n');
        Matcher found = pattern.matcher(line);
        if (found.find()) {
          port = found.group(1) != null ? found.group(1) : port;
          secret = found.group(2) != null ? found.group(2) : secret;
        }
      }
      new FirstExample("http://127.0.0.1:" + port + "/scim/v2", secret, folder).check();
    } finally {
      server.destroy();
      server.waitFor();
    }
  }

  private void check() throws Exception {
    HttpResponse<String> made = create("ada@example.com");
    check(made.statusCode() == 201, made.body());
    String id = JSON.readTree(made.body()).path("id").asText();
    check(rows("SELECT id || email || given || active FROM users"), "1ada@example.comAd1");
    check(ask("GET", "/Users/" + id, "").body().contains("ada@example.com"), "it can be read");
    rows("INSERT INTO sessions VALUES (1, 'cookie') RETURNING 1");
    HttpResponse<String> deactivated = setActive(id, false);
    check(deactivated.statusCode() == 200, deactivated.body());
    check(!json(deactivated).path("active").asBoolean(true), deactivated.body());
    check(rows("SELECT id || active FROM users"), "10");
    check(rows("SELECT COUNT(*) FROM sessions"), "0");
    // Two seats: the third user has none, and nothing of it stays.
    check(setActive(id, true).statusCode() == 200, "it is active again");
    check(create("bo@example.com").statusCode() == 201, "there is a second seat");
    HttpResponse<String> refused = create("cy@example.com");
    check(List.of(400, 403, 409).contains(refused.statusCode()), refused.body());
    String active = "SELECT email FROM users WHERE active ORDER BY id";
    check(rows(active), "ada@example.com", "bo@example.com");
    FirstExample stranger = new FirstExample(url, "acme.nonsense", folder);
    check(stranger.ask("GET", "/Users", "").statusCode() == 401, "a stranger gets 401");
  }

  private HttpResponse<String> create(String name) throws Exception {
    String user =
        """
        {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "%s",
         "name": {"givenName": "%s"}}"""
            .formatted(name, Character.toUpperCase(name.charAt(0)) + name.substring(1, 2));
    return ask("POST", "/Users", user);
  }

  private HttpResponse<String> setActive(String id, boolean isActive) throws Exception {
    String patch =
        """
        {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
         "Operations": [{"op": "replace", "value": {"active": %s}}]}"""
            .formatted(isActive);
    return ask("PATCH", "/Users/" + id, patch);
  }

  private HttpResponse<String> ask(String method, String path, String body) throws Exception {
    var request =
        HttpRequest.newBuilder(URI.create(url + path))
            .header("authorization", "Bearer " + secret)
            .header("content-type", "application/scim+json")
            .method(method, BodyPublishers.ofString(body));
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private static JsonNode json(HttpResponse<String> response) throws IOException {
    return JSON.readTree(response.body());
  }

  private List<String> rows(String sql) throws SQLException {
    String database = "jdbc:sqlite:" + folder.resolve("app.db");
    try (Connection connection = DriverManager.getConnection(database);
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      List<String> rows = new ArrayList<>();
      while (result.next()) {
        rows.add(result.getString(1));
      }
      return rows;
    }
  }

  private static void check(List<String> rows, String... wanted) {
    check(rows.equals(List.of(wanted)), rows + " in place of " + List.of(wanted));
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }
}
