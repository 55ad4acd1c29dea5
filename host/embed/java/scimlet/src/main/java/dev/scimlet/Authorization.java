package dev.scimlet;

/** What {@link Tenant#authorize} says: the client is admitted, or this is the response to send. */
public sealed interface Authorization permits Admitted, Response {}
