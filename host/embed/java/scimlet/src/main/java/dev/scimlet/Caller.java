package dev.scimlet;

/** Who asks, where the application has authenticated the client itself. */
public sealed interface Caller {
  /**
   * A provisioning client.
   *
   * @param name its name in the journal and, after {@code client:}, as the actor of events
   */
  record Client(String name) implements Caller {}

  /**
   * An end user of the application, who may use only {@code /Me}.
   *
   * @param id SCIM's id of the user
   */
  record User(String id) implements Caller {}
}
