package dev.scimlet;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpsExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * SCIM in the HTTP server of the JDK: answers what is below the path of its context.
 *
 * <pre>{@code server.createContext("/scim/v2", new ScimletHandler(scim));}</pre>
 */
public final class ScimletHandler implements HttpHandler {
  private Mount<HttpExchange> mount;

  /**
   * Serves the tenant that a request's credential names.
   *
   * @param scimlet answers
   */
  public ScimletHandler(Scimlet scimlet) {
    mount = new Mount<>(scimlet, Mount.BodyLimits.DEFAULT, null, null);
  }

  /**
   * Serves one tenant only.
   *
   * @param name its name
   * @return this handler
   */
  public ScimletHandler tenant(String name) {
    return tenantOf(exchange -> name);
  }

  /**
   * Finds the tenant by a function.
   *
   * @param find returns the tenant's name; where it returns null there is nothing
   * @return this handler
   */
  public ScimletHandler tenantOf(Function<? super HttpExchange, String> find) {
    mount = new Mount<>(mount.scimlet(), mount.limits(), find, mount.baseUrl());
    return this;
  }

  /**
   * Tells SCIM's URL as clients see it, such as behind a proxy; else the request says.
   *
   * @param url the absolute URL
   * @return this handler
   */
  public ScimletHandler baseUrl(String url) {
    mount = new Mount<>(mount.scimlet(), mount.limits(), mount.tenantOf(), Mount.trimmed(url));
    return this;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Response response = mount.answer(incoming(exchange));
      Headers headers = exchange.getResponseHeaders();
      response.headers().forEach(each -> headers.add(each.name(), each.value()));
      byte[] body = response.body().getBytes(StandardCharsets.UTF_8);
      boolean hasNone = response.status() == 204 || response.status() == 304 || body.length == 0;
      if (hasNone) {
        exchange.sendResponseHeaders(response.status(), -1);
      } else if (exchange.getRequestMethod().equals("HEAD")) {
        headers.set("content-length", Integer.toString(body.length));
        exchange.sendResponseHeaders(response.status(), -1);
      } else {
        exchange.sendResponseHeaders(response.status(), body.length);
        try (OutputStream output = exchange.getResponseBody()) {
          output.write(body);
          output.flush();
          discardRest(exchange);
        }
      }
    }
  }

  /**
   * Reads what a refused body has left, up to the limit, after the response was sent: to close the
   * connection before would keep the response from a client that still sends.
   */
  private void discardRest(HttpExchange exchange) {
    try {
      byte[] discarded = new byte[1 << 13];
      int left = mount.limits().most();
      while (left > 0) {
        int read = exchange.getRequestBody().read(discarded);
        left = read < 0 ? 0 : left - read;
      }
    } catch (IOException error) {
      // The client is gone, or has no more to say.
    }
  }

  private static Mount.Incoming<HttpExchange> incoming(HttpExchange exchange) {
    List<Header> headers = new ArrayList<>();
    exchange
        .getRequestHeaders()
        .forEach((name, values) -> values.forEach(value -> headers.add(new Header(name, value))));
    String at = Mount.trimmed(exchange.getHttpContext().getPath());
    String query = exchange.getRequestURI().getRawQuery();
    return new Mount.Incoming<>(
        exchange,
        exchange.getRequestMethod(),
        origin(exchange) + at,
        Mount.below(at, exchange.getRequestURI().getRawPath()),
        query == null ? "" : query,
        headers,
        exchange.getRemoteAddress().getAddress().getHostAddress(),
        exchange.getRequestBody());
  }

  /** The URL before the path, as the client says. */
  private static String origin(HttpExchange exchange) {
    String host = exchange.getRequestHeaders().getFirst("host");
    if (host == null) {
      host = "localhost:" + exchange.getLocalAddress().getPort();
    }
    return (exchange instanceof HttpsExchange ? "https://" : "http://") + host;
  }
}
