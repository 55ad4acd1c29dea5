package dev.scimlet;

import java.time.Duration;
import java.util.List;

/**
 * What a credential is to be.
 *
 * @param label a label for the operator, such as {@code Okta production}
 * @param scheme how the client presents it: {@code bearer} or {@code basic}
 * @param lifetime how long it is good; null for the profile's lifetime
 * @param scopes the client's rights: {@code users}, {@code groups}, {@code events}, {@code
 *     read-only}, {@code bulk}; without any it may do everything but read events
 * @param role the role of the profile that it is bound to; null without one
 * @param targetGroup the id or the name of the group to which users that the client creates are
 *     added, which is created if it does not exist; null without one
 */
public record CredentialRequest(
    String label,
    String scheme,
    Duration lifetime,
    List<String> scopes,
    String role,
    String targetGroup) {
  /**
   * A bearer token with all rights but to read events.
   *
   * @param label a label for the operator
   */
  public CredentialRequest(String label) {
    this(label, "bearer", null, List.of(), null, null);
  }

  /**
   * With another scheme.
   *
   * @param scheme {@code bearer} or {@code basic}
   * @return a changed copy
   */
  public CredentialRequest withScheme(String scheme) {
    return new CredentialRequest(label, scheme, lifetime, scopes, role, targetGroup);
  }

  /**
   * With a lifetime.
   *
   * @param lifetime how long it is good, in whole seconds
   * @return a changed copy
   */
  public CredentialRequest withLifetime(Duration lifetime) {
    return new CredentialRequest(label, scheme, lifetime, scopes, role, targetGroup);
  }

  /**
   * With scopes.
   *
   * @param scopes the client's rights
   * @return a changed copy
   */
  public CredentialRequest withScopes(String... scopes) {
    return new CredentialRequest(label, scheme, lifetime, List.of(scopes), role, targetGroup);
  }

  /**
   * With a role.
   *
   * @param role a role of the profile
   * @return a changed copy
   */
  public CredentialRequest withRole(String role) {
    return new CredentialRequest(label, scheme, lifetime, scopes, role, targetGroup);
  }

  /**
   * With a target group.
   *
   * @param targetGroup the id or the name of the group
   * @return a changed copy
   */
  public CredentialRequest withTargetGroup(String targetGroup) {
    return new CredentialRequest(label, scheme, lifetime, scopes, role, targetGroup);
  }
}
