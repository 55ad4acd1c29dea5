package dev.scimlet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.scimlet.support.Databases;
import dev.scimlet.support.Scim;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The mounts in the JDK's HTTP server and in a servlet container, and what they share. */
class MountsTest {
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @TempDir Path folder;

  private Scimlet scim;
  private String secret;

  @BeforeEach
  void prepare() {
    scim = Scimlet.builder(Databases.sqlite(folder.resolve("app.db").toString())).build();
    secret = Scim.tenant(scim).issueCredential("Okta").secret();
  }

  /** A running server with SCIM at {@code /scim/v2}. */
  private interface Running extends AutoCloseable {
    int port();

    @Override
    void close();

    default String url() {
      return "http://127.0.0.1:" + port();
    }
  }

  private enum Server {
    JDK {
      @Override
      Running start(Scimlet scim, String tenant) throws Exception {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        HttpServer server = HttpServer.create(address, 0);
        server.setExecutor(Executors.newCachedThreadPool());
        ScimletHandler handler = new ScimletHandler(scim);
        server.createContext("/scim/v2", tenant == null ? handler : handler.tenant(tenant));
        server.start();
        return new Running() {
          @Override
          public int port() {
            return server.getAddress().getPort();
          }

          @Override
          public void close() {
            server.stop(0);
          }
        };
      }
    },
    TOMCAT {
      @Override
      Running start(Scimlet scim, String tenant) throws Exception {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(System.getProperty("java.io.tmpdir"));
        tomcat.setPort(0);
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        ScimletServlet servlet = new ScimletServlet(scim);
        Tomcat.addServlet(
                tomcat.addContext("/scim", null),
                "scim",
                tenant == null ? servlet : servlet.tenant(tenant))
            .addMapping("/v2/*");
        tomcat.start();
        return new Running() {
          @Override
          public int port() {
            return tomcat.getConnector().getLocalPort();
          }

          @Override
          public void close() {
            try {
              tomcat.stop();
              tomcat.destroy();
            } catch (LifecycleException error) {
              throw new IllegalStateException(error);
            }
          }
        };
      }
    };

    abstract Running start(Scimlet scim, String tenant) throws Exception;
  }

  private static HttpResponse<String> send(String method, String url, String secret, byte[] body)
      throws Exception {
    var publisher = body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body);
    return send(HttpRequest.newBuilder(URI.create(url)).method(method, publisher), secret);
  }

  private static HttpResponse<String> send(HttpRequest.Builder request, String secret)
      throws Exception {
    request.header("content-type", "application/scim+json");
    if (secret != null) {
      request.header("authorization", "Bearer " + secret);
    }
    return CLIENT.send(request.build(), BodyHandlers.ofString());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @EnumSource
  void aRequestReachesTheTenantThatItsCredentialNames(Server kind) throws Exception {
    try (Running server = kind.start(scim, null)) {
      String url = server.url() + "/scim/v2";
      var made = send("POST", url + "/Users", secret, bytes(Scim.user("änn")));
      assertEquals(201, made.statusCode(), made.body());
      String id = Scim.json(made.body()).path("id").asText();
      assertEquals(url + "/Users/" + id, made.headers().firstValue("location").get());
      assertEquals("no-store", made.headers().firstValue("cache-control").get());
      assertTrue(made.headers().map().keySet().stream().noneMatch(n -> n.startsWith("x-scimlet")));
      String query = "/Users?filter=userName%20eq%20%22%C3%A4nn%22";
      var found = send("GET", url + query, secret, null);
      assertEquals(1, Scim.json(found.body()).path("totalResults").asInt());
      var head = send("HEAD", url + "/%55sers/" + id, secret, null);
      assertEquals(200, head.statusCode());
      assertEquals("", head.body());
      assertTrue(head.headers().firstValueAsLong("content-length").getAsLong() > 0);
      assertEquals(204, send("DELETE", url + "/Users/" + id, secret, null).statusCode());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRequestWithoutAGoodCredentialGets401(Server kind) throws Exception {
    scim.createTenant("umbrella");
    scim.tenant("umbrella").configure(Scim.PROFILE);
    try (Running server = kind.start(scim, null);
        Running theirs = kind.start(scim, "umbrella")) {
      for (String bad : new String[] {null, "nonsense", "acme.nonsense", "nobody.nonsense"}) {
        var refused = send("GET", server.url() + "/scim/v2/Users", bad, null);
        assertEquals(401, refused.statusCode());
        assertTrue(refused.headers().firstValue("www-authenticate").isPresent());
      }
      assertEquals(401, send("GET", theirs.url() + "/scim/v2/Users", secret, null).statusCode());
      assertEquals(404, send("GET", server.url() + "/scim/v2x", secret, null).statusCode());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aBodyThatIsTooLargeIsRefused(Server kind) throws Exception {
    try (Running server = kind.start(scim, null)) {
      String url = server.url() + "/scim/v2";
      byte[] large = new byte[(1 << 20) + 1];
      assertEquals(413, send("POST", url + "/Users", secret, large).statusCode());
      var chunked =
          HttpRequest.newBuilder(URI.create(url + "/Users"))
              .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large)));
      assertEquals(413, send(chunked, secret).statusCode());
      var good =
          HttpRequest.newBuilder(URI.create(url + "/Users"))
              .POST(
                  BodyPublishers.ofInputStream(
                      () -> new ByteArrayInputStream(bytes(Scim.user("ada")))));
      assertEquals(201, send(good, secret).statusCode());
      byte[] wrong = {(byte) 0xFF, '{', '}'};
      assertEquals(400, send("POST", url + "/Users", secret, wrong).statusCode());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRefusalDoesNotWaitForTheBody(Server kind) throws Exception {
    String head =
        "POST /scim/v2/Groups HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer acme.nonsense\r\n"
            + "Content-Length: 2000000\r\n\r\n";
    try (Running server = kind.start(scim, null);
        Socket socket = new Socket("127.0.0.1", server.port())) {
      socket.setSoTimeout(10_000);
      socket.getOutputStream().write(bytes(head));
      String told = new String(socket.getInputStream().readNBytes(12), StandardCharsets.UTF_8);
      assertEquals("HTTP/1.1 401", told);
    }
  }

  /** A body that must not be read. */
  private static final class Unread extends InputStream {
    @Override
    public int read() {
      throw new AssertionError("the body is read");
    }
  }

  private Mount<String> mount(Function<String, String> tenantOf) {
    return new Mount<>(scim, Mount.BodyLimits.DEFAULT, tenantOf, null);
  }

  private static Response asked(
      Mount<String> mount, String method, String path, InputStream body, Map<String, String> more) {
    List<Header> headers =
        more.entrySet().stream().map(each -> new Header(each.getKey(), each.getValue())).toList();
    return mount.answer(
        new Mount.Incoming<>("", method, Scim.BASE, path, "", headers, "127.0.0.1", body));
  }

  private Map<String, String> good(String... more) {
    return more.length == 0
        ? Map.of("authorization", "Bearer " + secret)
        : Map.of("authorization", "Bearer " + secret, more[0], more[1]);
  }

  private static final Map<String, String> BAD = Map.of("authorization", "Bearer acme.nonsense");

  @Test
  void onlyWhoWritesAGroupWithAGoodCredentialHasALargeBodyRead() {
    String[] members =
        IntStream.range(0, 22_000)
            .mapToObj(number -> new java.util.UUID(0, number).toString())
            .toArray(String[]::new);
    byte[] large = bytes(Scim.group("Staff", members));
    String length = Integer.toString(large.length);
    Mount<String> mount = mount(given -> "acme");
    var bad = Map.of("authorization", "Bearer acme.nonsense", "content-length", length);
    assertEquals(401, asked(mount, "POST", "/Groups", new Unread(), bad).status());
    var chunked = Map.of("authorization", "Bearer acme.x", "transfer-encoding", "chunked");
    assertEquals(401, asked(mount, "POST", "/Groups", new Unread(), chunked).status());
    // HTTP/2 announces no body.
    assertEquals(401, asked(mount, "POST", "/Groups", new Unread(), BAD).status());
    var headers = good("content-length", length);
    assertEquals(413, asked(mount, "POST", "/Users", new Unread(), headers).status());
    assertEquals(413, asked(mount, "GET", "/Groups", new Unread(), headers).status());
    InputStream body = new ByteArrayInputStream(large);
    // There are no such members.
    assertEquals(400, asked(mount, "POST", "/Groups", body, headers).status());
  }

  @Test
  void aBodyThatEndsEarlyIsRefused() {
    InputStream body = new ByteArrayInputStream(bytes("{}"));
    assertEquals(
        400, asked(mount(null), "POST", "/Users", body, good("content-length", "5")).status());
  }

  @Test
  void theTenantMayBeFoundByAFunction() {
    assertEquals(404, asked(mount(given -> null), "GET", "/Users", empty(), good()).status());
    assertEquals(200, asked(mount(given -> "acme"), "GET", "/Users", empty(), good()).status());
    assertEquals(404, asked(mount(null), "GET", null, empty(), good()).status());
  }

  private static InputStream empty() {
    return InputStream.nullInputStream();
  }

  @Test
  void requestsBeyondTheRateOfTheProfileGet429() {
    scim.tenant("acme").set(Map.of("rate.requests-per-second", "1", "rate.headers", "true"));
    Mount<String> mount = mount(given -> "acme");
    Response first = asked(mount, "GET", "/Users", empty(), good());
    assertEquals(200, first.status());
    assertTrue(first.header("ratelimit").get().startsWith("\"default\";r=0"));
    // Clients without a credential use no requests up, and learn nothing.
    assertEquals(401, asked(mount, "POST", "/Users", new Unread(), BAD).status());
    Response late = null;
    for (int time = 0; time < 100 && (late == null || late.status() != 429); time++) {
      late = asked(mount, "GET", "/Users", empty(), good());
    }
    assertEquals(429, late.status());
    assertTrue(Integer.parseInt(late.header("retry-after").get()) >= 1);
    assertTrue(late.header("ratelimit-policy").isPresent());
  }

  @Test
  void whatIsLeftComesBackWithTime() {
    long[] now = {0};
    Rates rates = new Rates(() -> now[0]);
    Response response = new Response(200, List.of(new Header("x-scimlet-rate", "2")), "");
    assertFalse(rates.hasLimit("acme"));
    rates.settle("acme", response);
    assertTrue(rates.hasLimit("acme"));
    rates.admit("acme");
    assertEquals(429, status(rates));
    now[0] += 500_000_000;
    assertEquals(200, status(rates));
    assertEquals(429, status(rates));
    rates.settle("acme", new Response(200, List.of(), ""));
    assertFalse(rates.hasLimit("acme"));
  }

  private static int status(Rates rates) {
    try {
      rates.admit("acme");
      return 200;
    } catch (Problem problem) {
      return problem.response().status();
    }
  }

  @Test
  void aFailureIsAScimErrorWithoutInternals() {
    // There are no tables.
    Scimlet none = Scimlet.builder(Databases.sqlite(folder.resolve("no.db").toString())).build();
    Scimlet nowhere = Scimlet.builder(Databases.sqlite("/nowhere/app.db")).build();
    for (Scimlet broken : List.of(none, nowhere)) {
      var mount = new Mount<String>(broken, Mount.BodyLimits.DEFAULT, null, null);
      Response response = asked(mount, "GET", "/Users", empty(), good());
      assertEquals(503, response.status());
      assertEquals("application/scim+json", response.header("content-type").get());
      assertTrue(Integer.parseInt(response.header("retry-after").get()) >= 1);
      assertFalse(response.body().contains("scimlet_") || response.body().contains("nowhere"));
    }
  }
}
