package dev.scimlet;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;

/**
 * SCIM in a servlet container, mapped to a path such as {@code /scim/v2/*}. Configure it before it
 * is registered.
 */
public final class ScimletServlet extends HttpServlet {
  private static final long serialVersionUID = 1;

  private transient Mount<HttpServletRequest> mount;

  /**
   * Serves the tenant that a request's credential names.
   *
   * @param scimlet answers
   */
  public ScimletServlet(Scimlet scimlet) {
    mount = new Mount<>(scimlet, Mount.BodyLimits.DEFAULT, null, null);
  }

  /**
   * Serves one tenant only.
   *
   * @param name its name
   * @return this servlet
   */
  public ScimletServlet tenant(String name) {
    return tenantOf(request -> name);
  }

  /**
   * Finds the tenant by a function.
   *
   * @param find returns the tenant's name; where it returns null there is nothing
   * @return this servlet
   */
  public ScimletServlet tenantOf(Function<? super HttpServletRequest, String> find) {
    mount = new Mount<>(mount.scimlet(), mount.limits(), find, mount.baseUrl());
    return this;
  }

  /**
   * Tells SCIM's URL as clients see it, such as behind a proxy; else the request says.
   *
   * @param url the absolute URL
   * @return this servlet
   */
  public ScimletServlet baseUrl(String url) {
    mount = new Mount<>(mount.scimlet(), mount.limits(), mount.tenantOf(), Mount.trimmed(url));
    return this;
  }

  @Override
  protected void service(HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    Response answer = mount.answer(incoming(request));
    response.setStatus(answer.status());
    answer.headers().forEach(each -> response.addHeader(each.name(), each.value()));
    byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
    if (answer.status() == 204 || answer.status() == 304) {
      return;
    }
    response.setContentLength(body.length);
    if (!request.getMethod().equals("HEAD")) {
      response.getOutputStream().write(body);
    }
  }

  private static Mount.Incoming<HttpServletRequest> incoming(HttpServletRequest request)
      throws IOException {
    List<Header> headers = new ArrayList<>();
    for (String name : Collections.list(request.getHeaderNames())) {
      for (String value : Collections.list(request.getHeaders(name))) {
        headers.add(new Header(name, value));
      }
    }
    String at = request.getContextPath() + request.getServletPath();
    String query = request.getQueryString();
    InputStream body = request.getInputStream();
    return new Mount.Incoming<>(
        request,
        request.getMethod(),
        origin(request) + at,
        Mount.below(at, request.getRequestURI()),
        query == null ? "" : query,
        headers,
        request.getRemoteAddr(),
        body);
  }

  /** The URL before the path, as the client says. */
  private static String origin(HttpServletRequest request) {
    String host = request.getHeader("host");
    if (host == null) {
      host = request.getServerName() + ":" + request.getServerPort();
    }
    return request.getScheme() + "://" + host;
  }
}
