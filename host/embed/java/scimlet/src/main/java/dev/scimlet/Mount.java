package dev.scimlet;

import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * What the mounts have in common.
 *
 * @param scimlet answers
 * @param limits the most bytes of bodies
 * @param tenantOf the tenant's name, or null, of a request as the server gives it; null lets the
 *     credential name the tenant
 * @param baseUrl SCIM's URL as clients see it; null lets the request say
 */
record Mount<T>(
    Scimlet scimlet, BodyLimits limits, Function<? super T, String> tenantOf, String baseUrl) {

  /**
   * The most bytes of a body.
   *
   * @param most what any body may have
   * @param ofGroup what it may have where a client with a good credential writes a group: 100,000
   *     members have some 20 MiB
   */
  record BodyLimits(int most, int ofGroup) {
    static final BodyLimits DEFAULT = new BodyLimits(1 << 20, 24 << 20);
  }

  private static final Pattern GROUPS = Pattern.compile("/Groups(/.*)?");
  private static final Set<String> WRITES = Set.of("POST", "PUT", "PATCH");
  private static final String RETRY_SECONDS = "5";
  private static final Header CHALLENGE = new Header("www-authenticate", "Bearer");

  /**
   * A request as a server received it.
   *
   * @param given the server's own object
   * @param method the method
   * @param url the absolute URL of the mount
   * @param path the path below the mount, still percent-encoded; null if it is not below it
   * @param query the query, still percent-encoded
   * @param headers the headers
   * @param clientAddress the client's IP address, or null
   * @param body the body
   */
  record Incoming<T>(
      T given,
      String method,
      String url,
      String path,
      String query,
      List<Header> headers,
      String clientAddress,
      InputStream body) {

    private String header(String name) {
      for (Header each : headers) {
        if (each.name().equalsIgnoreCase(name)) {
          return each.value();
        }
      }
      return null;
    }

    /** Whether the body may have more bytes. */
    private boolean mayExceed(int bytes) {
      // HTTP/2 needs neither. Some servers let a request have both; the length says nothing then.
      return header("transfer-encoding") != null
          || header("content-length") == null
          || declaredLength() > bytes;
    }

    /** The length that the client declares; 0 without one. */
    private long declaredLength() {
      String length = header("content-length");
      if (length == null) {
        return 0;
      }
      return length.matches("[0-9]{1,18}") ? Long.parseLong(length) : Long.MAX_VALUE;
    }
  }

  /** The response as it is sent, whatever went wrong. */
  Response answer(Incoming<T> incoming) {
    Response response;
    try {
      response = answered(incoming);
    } catch (Problem problem) {
      response = problem.response();
    } catch (ScimletException.Unavailable error) {
      log(incoming, error);
      Header retry = new Header("retry-after", RETRY_SECONDS);
      response = new Problem(503, "the service is busy, try again later", retry).response();
    } catch (RuntimeException error) {
      log(incoming, error);
      response = new Problem(500, "internal error").response();
    }
    List<Header> sent =
        response.headers().stream().filter(each -> !each.name().startsWith("x-scimlet-")).toList();
    return new Response(response.status(), sent, response.body());
  }

  private Response answered(Incoming<T> incoming) {
    if (incoming.path() == null) {
      throw new Problem(404, "there is nothing here");
    }
    Tenant tenant = scimlet.tenant(foundTenant(incoming));
    Rates rates = scimlet.rates();
    String base = baseUrl != null ? baseUrl : incoming.url();
    String address = incoming.clientAddress();
    boolean isGroup =
        WRITES.contains(incoming.method()) && GROUPS.matcher(incoming.path()).matches();
    int most = isGroup ? limits.ofGroup() : limits.most();
    // Clients without a good credential use nothing up: no memory, and no requests of others.
    boolean isLarge = most > limits.most() && incoming.mayExceed(limits.most());
    if (isLarge || rates.hasLimit(tenant.name())) {
      Authorization admitted = tenant.authorize(incoming.headers(), base, null, address);
      if (admitted instanceof Response refused) {
        return refused;
      }
      rates.admit(tenant.name());
    }
    String body = body(incoming, most);
    Request request =
        new Request(incoming.method(), incoming.path(), incoming.query(), incoming.headers(), body);
    return rates.settle(tenant.name(), tenant.handle(request, base, address, null));
  }

  private String foundTenant(Incoming<T> incoming) {
    if (tenantOf == null) {
      return scimlet
          .tenantOf(incoming.headers())
          .orElseThrow(() -> new Problem(401, "there is no credential", CHALLENGE));
    }
    String name = tenantOf.apply(incoming.given());
    if (name == null) {
      throw new Problem(404, "there is nothing here");
    }
    return name;
  }

  private static String body(Incoming<?> incoming, int most) {
    if (incoming.declaredLength() > most) {
      throw new Problem(413, "a body may have " + most + " bytes here");
    }
    byte[] bytes;
    try {
      bytes = incoming.body().readNBytes(most + 1);
    } catch (IOException error) {
      throw new Problem(400, "the body could not be read");
    }
    if (bytes.length > most) {
      throw new Problem(413, "a body may have " + most + " bytes here");
    }
    boolean isChunked = incoming.header("transfer-encoding") != null;
    if (!isChunked && bytes.length < incoming.declaredLength()) {
      throw new Problem(400, "the body could not be read");
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException error) {
      throw new Problem(400, "the body is no UTF-8");
    }
  }

  private static void log(Incoming<?> incoming, RuntimeException error) {
    Port.LOGGER.log(Level.ERROR, incoming.method() + " was given up", error);
  }

  /** A URL without slashes at its end. */
  static String trimmed(String url) {
    return url.replaceAll("/+$", "");
  }

  /** The part of a path below a prefix; null if it is not below it. */
  static String below(String prefix, String path) {
    if (!path.startsWith(prefix)) {
      return null;
    }
    String rest = path.substring(prefix.length());
    return rest.isEmpty() || rest.startsWith("/") ? rest : null;
  }
}
