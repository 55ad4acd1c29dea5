package dev.scimlet.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.sun.management.OperatingSystemMXBean;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.scimlet.Caller;
import dev.scimlet.Header;
import dev.scimlet.Request;
import dev.scimlet.Response;
import dev.scimlet.Scimlet;
import dev.scimlet.Tenant;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleSupplier;

/**
 * Processor time of a request over SQLite, of a fresh instance, and the start of a process. Each
 * figure is the median of the rounds, with the least and the greatest; what is wanted is printed
 * beside it, and fails nothing.
 */
public final class Bench {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String BASE = "https://scim.example.com/acme";
  private static final Caller OKTA = new Caller.Client("okta");
  private static final int MEMBERS = 1_000;

  private final int rounds;
  private final int warmUp;

  /** The clock of the process, which is not loaded where only a start is measured. */
  private static final class Clock {
    static final OperatingSystemMXBean SYSTEM =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    /** Milliseconds of processor time that the process has used, with the JVM's compilers. */
    static double processor() {
      return SYSTEM.getProcessCpuTime() / 1e6;
    }
  }

  private Bench(int rounds, int warmUp) {
    this.rounds = rounds;
    this.warmUp = warmUp;
  }

  /**
   * Runs it.
   *
   * @param arguments the number of rounds, and how often each case is run before; or {@code start},
   *     a database and a path, for one answer in a fresh process
   */
  public static void main(String[] arguments) throws Exception {
    if (arguments.length > 0 && arguments[0].equals("start")) {
      ask(scimlet(Path.of(arguments[1])).tenant("acme"), "GET", arguments[2], "");
      System.out.println(
          ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis());
      return;
    }
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 7;
    int warmUp = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 15_000;
    new Bench(rounds, warmUp).run();
  }

  private void run() throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("scimlet-bench");
    try {
      Path database = folder.resolve("bench.db");
      start(database, requests(database));
    } finally {
      try (var files = Files.list(folder)) {
        for (Path each : files.toList()) {
          Files.delete(each);
        }
      }
      Files.delete(folder);
    }
  }

  private static Scimlet scimlet(Path database) {
    return Scimlet.builder(pool(database)).build();
  }

  private static HikariDataSource pool(Path database) {
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl("jdbc:sqlite:" + database + "?journal_mode=WAL&synchronous=NORMAL");
    config.setMaximumPoolSize(4);
    config.setMinimumIdle(1);
    return new HikariDataSource(config);
  }

  private static JsonNode ask(Tenant acme, String method, String path, String body) {
    List<Header> headers = List.of(new Header("content-type", "application/scim+json"));
    Response answer = acme.handle(new Request(method, path, "", headers, body), BASE, null, OKTA);
    if (answer.status() >= 300) {
      throw new AssertionError(answer.toString());
    }
    try {
      return JSON.readTree(answer.body());
    } catch (IOException error) {
      throw new AssertionError(error);
    }
  }

  private static String user(String name) {
    return "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\""
        + name
        + "\"}";
  }

  private static String group(ArrayNode members) {
    var group = JSON.createObjectNode().put("displayName", "all");
    group.putArray("schemas").add("urn:ietf:params:scim:schemas:core:2.0:Group");
    return group.set("members", members).toString();
  }

  /** Kept instances, one request at a time. Returns the path of a user. */
  private String requests(Path database) {
    Scimlet scim = scimlet(database);
    scim.migrate();
    scim.createTenant("acme");
    Tenant acme = scim.tenant("acme");
    acme.configure("{\"extends\":\"okta\"}");
    ArrayNode members = JSON.createArrayNode();
    for (int number = 0; number < MEMBERS; number++) {
      String id = ask(acme, "POST", "/Users", user("user" + number)).path("id").asText();
      members.addObject().put("value", id);
    }
    String userPath = "/Users/" + members.get(0).path("value").asText();
    String groupPath =
        "/Groups/" + ask(acme, "POST", "/Groups", group(members)).path("id").asText();
    String all = group(members);
    ArrayNode fewer = members.deepCopy();
    fewer.remove(0);
    String less = group(fewer);
    AtomicInteger made = new AtomicInteger();
    measure("GET by id", "< 1", 2_000, warmUp, () -> ask(acme, "GET", userPath, ""));
    measure(
        "create",
        "< 4",
        500,
        warmUp,
        () -> ask(acme, "POST", "/Users", user("new" + made.getAndIncrement())));
    measure("a group of 1,000: GET", "-", 20, warmUp / 50, () -> ask(acme, "GET", groupPath, ""));
    measure(
        "a group of 1,000: PUT",
        "-",
        20,
        warmUp / 50,
        () -> ask(acme, "PUT", groupPath, made.getAndIncrement() % 2 == 0 ? less : all));
    Scimlet fresh = Scimlet.builder(pool(database)).idleInstances(0).build();
    Tenant freshAcme = fresh.tenant("acme");
    measure(
        "GET by id in a fresh instance",
        "-",
        100,
        warmUp / 50,
        () -> ask(freshAcme, "GET", userPath, ""));
    return userPath;
  }

  private void measure(String name, String wanted, int times, int before, Runnable run) {
    repeat(before, run);
    double[] figures = new double[rounds];
    for (int round = 0; round < rounds; round++) {
      figures[round] = milliseconds(times, run, Clock::processor);
    }
    show(name, wanted, figures);
  }

  /** A process from its start to its first answer. */
  private void start(Path database, String userPath) throws IOException, InterruptedException {
    double[] passed = new double[rounds];
    double[] used = new double[rounds];
    for (int round = 0; round < rounds; round++) {
      String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
      String classPath = System.getProperty("java.class.path");
      String name = Bench.class.getName();
      List<String> command =
          List.of(java, "-cp", classPath, name, "start", database.toString(), userPath);
      long began = System.nanoTime();
      Process process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
      String told = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      int status = process.waitFor();
      passed[round] = (System.nanoTime() - began) / 1e6;
      if (status != 0) {
        throw new AssertionError("the process ended with " + status);
      }
      used[round] = Double.parseDouble(told);
    }
    show("start of a process to the first answer", "< 2000", passed);
    show("processor time of that", "-", used);
  }

  private static double milliseconds(int times, Runnable run, DoubleSupplier clock) {
    double began = clock.getAsDouble();
    repeat(times, run);
    return (clock.getAsDouble() - began) / times;
  }

  private static void repeat(int times, Runnable run) {
    for (int time = 0; time < times; time++) {
      run.run();
    }
  }

  private static void show(String name, String wanted, double[] figures) {
    double[] sorted = figures.clone();
    Arrays.sort(sorted);
    System.out.printf(
        Locale.ROOT,
        "%-40s %9.2f ms  (%.2f to %.2f; wanted %s)%n",
        name,
        sorted[sorted.length / 2],
        sorted[0],
        sorted[sorted.length - 1],
        wanted);
  }
}
