package dev.scimlet.support;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.scimlet.Application;
import dev.scimlet.Caller;
import dev.scimlet.Change;
import dev.scimlet.Header;
import dev.scimlet.Request;
import dev.scimlet.Response;
import dev.scimlet.Scimlet;
import dev.scimlet.Tenant;
import java.io.IOException;
import java.util.List;
import javax.sql.DataSource;

/** What tests share: a tenant, requests as Okta sends them, and an application with a table. */
public final class Scim {
  public static final String BASE = "https://scim.example.com/acme";
  public static final Caller OKTA = new Caller.Client("okta");
  public static final String PROFILE = "{\"extends\": \"okta\"}";

  private static final ObjectMapper JSON = new ObjectMapper();

  private Scim() {}

  /** A new tenant `acme`. */
  public static Tenant tenant(DataSource source, Application application) {
    return tenant(Scimlet.builder(source).application(application).build());
  }

  /** A new tenant `acme`. */
  public static Tenant tenant(Scimlet scim) {
    scim.migrate();
    scim.createTenant("acme");
    scim.tenant("acme").configure(PROFILE);
    return scim.tenant("acme");
  }

  public static Request request(String method, String path, String body) {
    String[] parts = path.split("\\?", 2);
    List<Header> headers = List.of(new Header("content-type", "application/scim+json"));
    return new Request(method, parts[0], parts.length > 1 ? parts[1] : "", headers, body);
  }

  public static String user(String name) {
    return "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"%s\"}"
        .formatted(name);
  }

  public static String group(String name, String... members) {
    var group = JSON.createObjectNode().put("displayName", name);
    group.putArray("schemas").add("urn:ietf:params:scim:schemas:core:2.0:Group");
    var array = group.putArray("members");
    for (String each : members) {
      array.addObject().put("value", each);
    }
    return group.toString();
  }

  public static String active(boolean active) {
    return """
        {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
         "Operations":[{"op":"replace","value":{"active":%s}}]}"""
        .formatted(active);
  }

  public static Request create(String name) {
    return request("POST", "/Users", user(name));
  }

  public static Request setActive(String id, boolean active) {
    return request("PATCH", "/Users/" + id, active(active));
  }

  public static Response ask(Tenant tenant, Request request) {
    return tenant.handle(request, BASE, null, OKTA);
  }

  /** The document of an answer with this status. */
  public static JsonNode answered(Response response, int status) {
    if (response.status() != status) {
      throw new AssertionError(response.toString());
    }
    return json(response.body());
  }

  public static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException error) {
      throw new AssertionError(text, error);
    }
  }

  /** The userNames of all users. */
  public static List<String> names(Tenant tenant) {
    return tenant.users(null, "", 500).path("Resources").findValuesAsText("userName");
  }

  /** The name of the user or group that the change is about. */
  public static String nameOf(Change change) {
    JsonNode document = change.after() != null ? change.after() : change.before();
    String name = document.path("userName").asText();
    return name.isEmpty() ? document.path("displayName").asText() : name;
  }
}
