package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A tenant: its SCIM service, and what the application may do to it. Every method is a call of its
 * own, and a change one commit.
 *
 * <p>Users, groups and profiles are JSON documents in the forms of RFC 7643; those that are given
 * are texts. Methods throw a {@link ScimletException}: {@code NotFound} where nothing has the id,
 * {@code Invalid} for a wrong argument, {@code Refused} where the tenant's state does not allow the
 * call, {@code Stale} where it was changed meanwhile, {@code Unavailable} where the database
 * failed.
 */
public final class Tenant {
  private final Calls calls;
  private final String name;

  Tenant(Calls calls, String name) {
    this.calls = calls;
    this.name = name;
  }

  /**
   * Its name.
   *
   * @return the name
   */
  public String name() {
    return name;
  }

  /**
   * Answers a request, also a wrong one.
   *
   * @param request the request
   * @param baseUrl the absolute URL that its path is relative to
   * @param clientAddress the client's IP address; null if it is not known
   * @param caller who asks; null lets scimlet check the Authorization header
   * @return the response
   */
  public Response handle(Request request, String baseUrl, String clientAddress, Caller caller) {
    ObjectNode arguments = Json.object();
    arguments.set("origin", origin(baseUrl, clientAddress, caller));
    ObjectNode asked = arguments.putObject("request");
    asked.put("method", request.method()).put("path", request.path());
    asked.put("query", request.query()).put("body", request.body());
    asked.set("headers", Header.pairs(request.headers()));
    return Response.of(calls.call(name, "provider.handle", arguments));
  }

  /**
   * Authenticates a client by its Authorization header, for what the application serves itself.
   *
   * @param headers the headers of the request
   * @param baseUrl the absolute URL of the tenant's SCIM service
   * @param scope the scope that the credential has to have, such as {@code events}; null for none
   * @param clientAddress the client's IP address; null if it is not known
   * @return the client that is admitted, or the response to send
   */
  public Authorization authorize(
      List<Header> headers, String baseUrl, String scope, String clientAddress) {
    ObjectNode arguments = Json.object().put("scope", scope);
    arguments.set("origin", origin(baseUrl, clientAddress, null));
    arguments.set("headers", Header.pairs(headers));
    JsonNode result = calls.call(name, "provider.authorize", arguments);
    return result.has("ok") ? Admitted.of(result.path("ok")) : Response.of(result.path("err"));
  }

  private ObjectNode origin(String baseUrl, String clientAddress, Caller caller) {
    ObjectNode origin = Json.object().put("tenant", name);
    origin.put("base-url", baseUrl.replaceAll("/+$", "")).put("client-address", clientAddress);
    if (caller instanceof Caller.Client client) {
      origin.putObject("caller").putObject("client").put("name", client.name());
    } else if (caller instanceof Caller.User user) {
      origin.putObject("caller").put("user", user.id());
    } else {
      origin.put("caller", "unknown");
    }
    return origin;
  }

  /**
   * Sets the tenant's profile, whatever it was. The first call sets up the tenant.
   *
   * @param profile the document, such as {@code {"extends": "okta"}}
   * @return its new version
   */
  public long configure(String profile) {
    return admin("configure", Json.object().put("profile", profile)).asLong();
  }

  /**
   * Sets the tenant's profile if it still has this version.
   *
   * @param profile the document
   * @param expected the version that it replaces
   * @return its new version
   */
  public long configure(String profile, long expected) {
    ObjectNode arguments = Json.object().put("profile", profile).put("expected", expected);
    return admin("configure", arguments).asLong();
  }

  /**
   * The profile as it was set.
   *
   * @return the profile and its version
   */
  public Profile profile() {
    return Profile.of(admin("profile", Json.object()));
  }

  /**
   * Changes settings of the profile: all of them, or none.
   *
   * @param settings JSON values by their paths, such as {@code users.seats} and {@code 5}; null
   *     removes a setting
   * @return the profile's new version
   */
  public long set(Map<String, String> settings) {
    ObjectNode arguments = Json.object();
    ArrayNode pairs = arguments.putArray("settings");
    settings.forEach(
        (path, value) -> pairs.addArray().add(path).add(value == null ? "null" : value));
    return admin("set", arguments).asLong();
  }

  /**
   * Explains a profile. A problem names the field that is wrong.
   *
   * @param profile the document
   * @return sentences
   */
  public List<String> explain(String profile) {
    return admin("explain", Json.object().put("profile", profile)).asText().lines().toList();
  }

  /**
   * The webhooks of the profile.
   *
   * @return the webhooks
   */
  public List<Webhook> webhooks() {
    return Json.list(admin("webhooks", Json.object()), Webhook::of);
  }

  /**
   * Issues a bearer token that may do everything but read events.
   *
   * @param label a label for the operator, such as {@code Okta production}
   * @return the credential with its secret
   */
  public Issued issueCredential(String label) {
    return issueCredential(new CredentialRequest(label));
  }

  /**
   * Issues a credential for a client.
   *
   * @param request what it is to be
   * @return the credential with its secret
   */
  public Issued issueCredential(CredentialRequest request) {
    ObjectNode arguments = Json.object();
    ObjectNode asked = arguments.putObject("request").put("tenant", name);
    asked.put("label", request.label()).put("scheme", request.scheme());
    if (request.lifetime() != null) {
      asked.put("lifetime-seconds", request.lifetime().toSeconds());
    }
    asked.set("scopes", Json.array(request.scopes()));
    asked.put("role", request.role()).put("target-group", request.targetGroup());
    return Issued.of(admin("issue-credential", arguments));
  }

  /**
   * Gives a credential a new secret, whose lifetime starts now.
   *
   * @param id the credential's id
   * @return the credential with its new secret
   */
  public Issued rotateCredential(String id) {
    return Issued.of(admin("rotate-credential", Json.object().put("id", id)));
  }

  /**
   * Revokes a credential from the next request on.
   *
   * @param id the credential's id
   */
  public void revokeCredential(String id) {
    admin("revoke-credential", Json.object().put("id", id));
  }

  /**
   * All credentials, including revoked and expired ones.
   *
   * @return the credentials in order of creation
   */
  public List<Credential> credentials() {
    return Json.list(admin("credentials", Json.object()), Credential::of);
  }

  /**
   * Adds an identity provider of the product.
   *
   * @param providerName its name
   * @param autoProvisioning whether it provisions users
   * @return its credential, if it provisions users
   */
  public Optional<Issued> addIdentityProvider(String providerName, boolean autoProvisioning) {
    ObjectNode arguments = Json.object().put("tenant", name).put("name", providerName);
    arguments.put("auto-provisioning", autoProvisioning);
    JsonNode issued = admin("add-identity-provider", arguments);
    return issued.isObject() ? Optional.of(Issued.of(issued)) : Optional.empty();
  }

  /**
   * The identity providers of the product.
   *
   * @return the identity providers
   */
  public List<IdentityProvider> identityProviders() {
    return Json.list(admin("identity-providers", Json.object()), IdentityProvider::of);
  }

  /**
   * Imports users that no client has provisioned yet. A user that is wrong, or whose userName is in
   * use, is skipped.
   *
   * @param users at most 500 documents
   * @return the outcomes in their order
   */
  public List<Imported> importUsers(List<String> users) {
    ObjectNode arguments = Json.object();
    arguments.set("users", Json.array(users));
    return Json.list(admin("import-users", arguments), Imported::of);
  }

  /**
   * A page of users, as the product sees them.
   *
   * @param filter a filter of RFC 7644 section 3.4.2.2; null for all users
   * @param cursor the {@code nextCursor} of the page before; empty for the first page
   * @param count the most users of the page
   * @return a ListResponse
   */
  public JsonNode users(String filter, String cursor, int count) {
    ObjectNode arguments = Json.object().put("filter", filter).put("cursor", cursor);
    return Json.read(admin("users", arguments.put("count", count)).asText());
  }

  /**
   * One user, as the product sees it.
   *
   * @param id SCIM's id
   * @return the user
   */
  public JsonNode user(String id) {
    return Json.read(admin("user", Json.object().put("id", id)).asText());
  }

  /**
   * Links an imported user to the identity provider.
   *
   * @param id SCIM's id
   * @param externalId the identity provider's id of the user; null for none
   */
  public void linkUser(String id, String externalId) {
    admin("link-user", Json.object().put("id", id).put("external-id", externalId));
  }

  /**
   * Deactivates a user, as a client does with {@code active: false}.
   *
   * @param id SCIM's id
   */
  public void deactivateUser(String id) {
    admin("deactivate-user", Json.object().put("id", id));
  }

  /**
   * Reactivates a user, also one that a client removed. Refused if no seat is left, or if the
   * profile does not let the product do it.
   *
   * @param id SCIM's id
   */
  public void reactivateUser(String id) {
    admin("reactivate-user", Json.object().put("id", id));
  }

  /**
   * Removes the user and all personal data, in events too. The application is called, and may
   * refuse it.
   *
   * @param id SCIM's id
   */
  public void eraseUser(String id) {
    admin("erase-user", Json.object().put("id", id));
  }

  /**
   * Replaces the roles that are assigned to the user directly.
   *
   * @param user SCIM's id
   * @param roles the roles
   */
  public void assignRoles(String user, List<String> roles) {
    ObjectNode arguments = Json.object().put("user", user);
    arguments.set("roles", Json.array(roles));
    admin("assign-roles", arguments);
  }

  /**
   * Replaces the roles and seats that membership in a group gives. Refused if there are too few
   * seats.
   *
   * @param group its id or its name
   * @param assignment what it gives
   */
  public void assignGroup(String group, Assignment assignment) {
    ObjectNode arguments = Json.object().put("group", group);
    ObjectNode given = arguments.putObject("assignment").put("seat-type", assignment.seatType());
    given.set("roles", Json.array(assignment.roles()));
    admin("assign-group", arguments);
  }

  /**
   * The groups that give roles or seats.
   *
   * @return what each gives, by the groups' ids
   */
  public Map<String, Assignment> assignments() {
    Map<String, Assignment> made = new LinkedHashMap<>();
    for (JsonNode pair : admin("assignments", Json.object())) {
      made.put(pair.path(0).asText(), Assignment.of(pair.path(1)));
    }
    return made;
  }

  /**
   * Records that an object of the product refers to a person by e-mail address.
   *
   * @param email the address
   * @param kind the kind of the object, such as {@code dashboard}
   * @param id the id of the object
   */
  public void addReference(String email, String kind, String id) {
    admin("add-reference", Json.object().put("email", email).put("kind", kind).put("id", id));
  }

  /**
   * The objects that refer to an address.
   *
   * @param email the address
   * @return the references
   */
  public List<Reference> references(String email) {
    return Json.list(admin("references", Json.object().put("email", email)), Reference::of);
  }

  /**
   * Does the maintenance that is due, such as notices of credentials that will expire.
   *
   * @return the latest time of the next call
   */
  public Optional<Instant> maintain() {
    JsonNode due = admin("maintain", Json.object());
    return due.isNull() ? Optional.empty() : Optional.of(Instant.ofEpochMilli(due.asLong()));
  }

  /**
   * Creates a user of the product, which no client has provisioned yet. Refused if the userName or
   * the product's id is in use, or no seat is left.
   *
   * @param user the document
   * @param productId the application's own id of it; null for none
   * @return SCIM's id
   */
  public String createUser(String user, String productId) {
    ObjectNode arguments = Json.object().put("user", user).put("product-id", productId);
    return directory("create-user", arguments).asText();
  }

  /**
   * Changes a user by the rules that the profile has for the product.
   *
   * @param id SCIM's id
   * @param patch a PatchOp document (RFC 7644 section 3.5.2), whose {@code schemas} may be absent
   */
  public void patchUser(String id, String patch) {
    directory("patch-user", Json.object().put("id", id).put("patch", patch));
  }

  /**
   * Creates a group. Its members have to exist.
   *
   * @param group the document
   * @param productId the application's own id of it; null for none
   * @return SCIM's id
   */
  public String createGroup(String group, String productId) {
    ObjectNode arguments = Json.object().put("group", group).put("product-id", productId);
    return directory("create-group", arguments).asText();
  }

  /**
   * Changes a group: also its members.
   *
   * @param id SCIM's id
   * @param patch a PatchOp document, whose {@code schemas} may be absent
   */
  public void patchGroup(String id, String patch) {
    directory("patch-group", Json.object().put("id", id).put("patch", patch));
  }

  /**
   * Deletes a group. Roles and seats that it gives are withdrawn from its members.
   *
   * @param id SCIM's id
   */
  public void deleteGroup(String id) {
    directory("delete-group", Json.object().put("id", id));
  }

  /**
   * One group with its members, as the product sees it.
   *
   * @param id SCIM's id
   * @return the group
   */
  public JsonNode group(String id) {
    return Json.read(directory("group", Json.object().put("id", id)).asText());
  }

  /**
   * Sets the product's own id of a resource, or removes it. Refused if it is in use.
   *
   * @param resourceType the resource type, such as {@code User}
   * @param id SCIM's id
   * @param productId the product's id; null removes it
   */
  public void setProductId(String resourceType, String id, String productId) {
    ObjectNode arguments = Json.object().put("resource-type", resourceType).put("id", id);
    directory("set-product-id", arguments.put("product-id", productId));
  }

  /**
   * Finds a resource by the product's own id.
   *
   * @param resourceType the resource type, such as {@code User}
   * @param productId the product's id
   * @return SCIM's id
   */
  public String findByProductId(String resourceType, String productId) {
    ObjectNode arguments = Json.object().put("resource-type", resourceType);
    return directory("find-by-product-id", arguments.put("product-id", productId)).asText();
  }

  /**
   * The events after a number, oldest first.
   *
   * @param after the number of the last event that is known; 0 for none
   * @param limit the most events, of which there are fewer if they have more than 4 MiB
   * @return the events; an empty list says that there are no more
   */
  public List<Event> events(long after, int limit) {
    ObjectNode arguments = Json.object().put("after", after).put("limit", limit);
    return Json.list(calls.succeeded(name, "tables.events", arguments), Event::of);
  }

  private JsonNode admin(String function, ObjectNode arguments) {
    return calls.succeeded(name, "admin." + function, arguments);
  }

  private JsonNode directory(String function, ObjectNode arguments) {
    return calls.succeeded(name, "directory." + function, arguments);
  }
}
