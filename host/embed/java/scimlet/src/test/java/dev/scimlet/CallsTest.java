package dev.scimlet;

import static dev.scimlet.support.Scim.PROFILE;
import static dev.scimlet.support.Scim.answered;
import static dev.scimlet.support.Scim.ask;
import static dev.scimlet.support.Scim.create;
import static dev.scimlet.support.Scim.request;
import static dev.scimlet.support.Scim.setActive;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.scimlet.support.Backend;
import dev.scimlet.support.Databases;
import dev.scimlet.support.Scim;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The calls of the package, over each kind of data source. */
class CallsTest {
  private static final String DEACTIVATE = "urn:ietf:params:scim:event:prov:deactivate";

  @TempDir Path folder;

  private Tenant acme(Backend backend) {
    return Scim.tenant(backend.open(folder), null);
  }

  @Test
  void everyFunctionOfTheWitIsThere() throws IOException {
    Set<String> methods =
        Stream.of(Tenant.class.getMethods()).map(Method::getName).collect(Collectors.toSet());
    Pattern function = Pattern.compile("^  ([a-z-]+): func", Pattern.MULTILINE);
    int count = 0;
    for (String name : List.of("admin.wit", "directory.wit")) {
      String text = Files.readString(Path.of("../../../../wit").resolve(name));
      for (Matcher each = function.matcher(text); each.find(); count++) {
        String camel =
            Pattern.compile("-([a-z])")
                .matcher(each.group(1))
                .replaceAll(letter -> letter.group(1).toUpperCase(java.util.Locale.ROOT));
        assertTrue(methods.contains(camel), camel);
      }
    }
    assertTrue(count > 30);
  }

  @ParameterizedTest
  @EnumSource
  void aUserOverEachDataSource(Backend backend) {
    Scimlet scim = Scimlet.builder(backend.open(folder)).build();
    Tenant acme = Scim.tenant(scim);
    assertFalse(scim.createTenant("acme"));
    scim.migrate();
    String id = answered(ask(acme, create("ada@example.com")), 201).path("id").asText();
    String query = "/Users?filter=userName%20eq%20%22ada@example.com%22";
    var found = answered(ask(acme, request("GET", query, "")), 200);
    assertEquals(id, found.path("Resources").path(0).path("id").asText());
    acme.deactivateUser(id);
    assertFalse(acme.user(id).path("active").asBoolean(true));
    List<Event> events = acme.events(0, 100);
    assertTrue(events.stream().anyMatch(event -> event.name().equals(DEACTIVATE)));
    assertEquals(List.of(1L, 2L), acme.events(0, 2).stream().map(Event::sequence).toList());
    assertEquals(List.of(), acme.events(events.size(), 100));
    assertEquals(List.of("acme"), scim.tenants().stream().map(TenantRecord::name).toList());
    assertTrue(scim.deleteTenant("acme"));
    assertEquals(List.of(), scim.tenants());
  }

  @ParameterizedTest
  @EnumSource
  void sixteenThreads(Backend backend) throws Exception {
    Tenant acme = acme(backend);
    ExecutorService threads = Executors.newFixedThreadPool(16);
    List<Future<Integer>> statuses = new ArrayList<>();
    for (int number = 0; number < 32; number++) {
      String name = "user" + number;
      statuses.add(
          threads.submit(
              () -> {
                var made = answered(ask(acme, create(name)), 201);
                return ask(acme, setActive(made.path("id").asText(), false)).status();
              }));
    }
    for (Future<Integer> each : statuses) {
      assertEquals(200, each.get());
    }
    threads.shutdown();
    assertEquals(32, acme.users("active eq false", "", 1).path("totalResults").asInt());
  }

  @Test
  void administration() {
    Tenant acme = acme(Backend.SQLITE);
    acme.configure("{\"extends\": \"okta\", \"groups\": {\"assignments\": true}}", 1);
    assertEquals(2, acme.profile().version());
    assertEquals("okta", acme.profile().document().path("extends").asText());
    assertEquals(3, acme.set(Map.of("users.seats", "5")));
    assertFalse(acme.explain(PROFILE).isEmpty());
    assertEquals(List.of(), acme.webhooks());
    Issued issued =
        acme.issueCredential(
            new CredentialRequest("Okta").withScopes("users").withLifetime(Duration.ofHours(1)));
    assertFalse(issued.toString().contains(issued.secret()));
    assertEquals(issued.credential().created().plusSeconds(3600), issued.credential().expires());
    Issued rotated = acme.rotateCredential(issued.credential().id());
    assertNotEquals(issued.secret(), rotated.secret());
    assertEquals(List.of("Okta"), acme.credentials().stream().map(Credential::label).toList());
    List<Header> headers = List.of(new Header("authorization", "Bearer " + rotated.secret()));
    assertTrue(((Admitted) acme.authorize(headers, Scim.BASE, null, null)).open());
    acme.revokeCredential(issued.credential().id());
    assertEquals(401, ((Response) acme.authorize(headers, Scim.BASE, null, null)).status());
    assertTrue(acme.addIdentityProvider("okta", false).isEmpty());
    assertEquals("okta", acme.identityProviders().get(0).name());
    acme.addReference("bo@example.com", "dashboard", "7");
    assertEquals("7", acme.references("bo@example.com").get(0).id());
    assertTrue(acme.maintain() != null);
  }

  @Test
  void usersAndGroupsOfTheProduct() {
    Tenant acme = acme(Backend.SQLITE);
    acme.configure("{\"extends\": \"okta\", \"groups\": {\"assignments\": true}}");
    String user = "{\"userName\": \"bo\"}";
    List<Imported> outcomes = acme.importUsers(List.of(user, user));
    String bo = outcomes.get(0).id();
    assertNotNull(outcomes.get(1).skipped());
    acme.linkUser(bo, "00u1");
    acme.deactivateUser(bo);
    acme.reactivateUser(bo);
    String group = acme.createGroup(Scim.group("Staff", bo), null);
    Assignment writer = new Assignment(List.of("writer"), null);
    acme.assignGroup("Staff", writer);
    assertEquals(Map.of(group, writer), acme.assignments());
    acme.assignRoles(bo, List.of("reader"));
    String cy = acme.createUser("{\"userName\": \"cy\"}", "42");
    assertEquals(cy, acme.findByProductId("User", "42"));
    acme.setProductId("User", cy, "43");
    assertEquals(cy, acme.findByProductId("User", "43"));
    acme.patchUser(
        cy, "{\"Operations\": [{\"op\": \"add\", \"path\": \"displayName\", \"value\": \"Cy\"}]}");
    assertEquals("Cy", acme.user(cy).path("displayName").asText());
    acme.patchGroup(group, "{\"Operations\": [{\"op\": \"remove\", \"path\": \"members\"}]}");
    assertEquals("Staff", acme.group(group).path("displayName").asText());
    acme.deleteGroup(group);
    acme.eraseUser(cy);
    Response me = acme.handle(request("GET", "/Me", ""), Scim.BASE, null, new Caller.User(bo));
    assertEquals("bo", answered(me, 200).path("userName").asText());
  }

  @Test
  void errorsAreExceptions() {
    Scimlet scim = Scimlet.builder(Backend.SQLITE.open(folder)).build();
    Tenant acme = Scim.tenant(scim);
    assertThrows(ScimletException.NotFound.class, () -> acme.user("nobody"));
    String unknown = "{\"extends\": \"nothing\"}";
    assertThrows(ScimletException.Invalid.class, () -> acme.configure(unknown));
    assertThrows(ScimletException.Invalid.class, () -> scim.createTenant("Acme"));
    assertThrows(ScimletException.Invalid.class, () -> acme.user("\ud800"));
    assertThrows(ScimletException.Stale.class, () -> acme.configure(PROFILE, 7));
    acme.set(Map.of("users.seats", "0"));
    String user = "{\"userName\": \"bo\"}";
    assertThrows(ScimletException.Refused.class, () -> acme.createUser(user, null));
  }

  @Test
  void textOfOtherAlphabetsComesBack() {
    Tenant acme = acme(Backend.SQLITE);
    String name = "Ω".repeat(40) + "𝄞";
    String id = answered(ask(acme, create(name)), 201).path("id").asText();
    assertEquals(name, acme.user(id).path("userName").asText());
  }

  @Test
  void withoutADatabaseCallsAreUnavailable() {
    String secret = acme(Backend.SQLITE).issueCredential("Okta").secret();
    Scimlet scim = Scimlet.builder(Databases.sqlite("/nowhere/app.db")).build();
    assertThrows(ScimletException.Unavailable.class, scim::migrate);
    List<Header> headers = List.of(new Header("authorization", "Bearer " + secret));
    assertEquals("acme", scim.tenantOf(headers).get());
  }
}
