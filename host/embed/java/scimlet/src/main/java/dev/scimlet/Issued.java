package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A credential with its secret, which cannot be read again.
 *
 * @param credential what is not secret of it
 * @param username the user name, for the scheme {@code basic}; else null
 * @param secret the secret
 */
public record Issued(Credential credential, String username, String secret) {
  static Issued of(JsonNode record) {
    return new Issued(
        Credential.of(record.path("credential")),
        Json.text(record, "username"),
        Json.text(record, "secret"));
  }

  /** Does not have the secret. */
  @Override
  public String toString() {
    return "Issued[credential=" + credential + ", username=" + username + "]";
  }
}
