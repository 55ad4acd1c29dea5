package dev.scimlet;

import java.time.Duration;

/**
 * What a call may use; past a limit it ends with a {@link ScimletException.Fault}. Waiting for the
 * database does not count as computing.
 *
 * @param computing how long the module may compute in one call
 * @param memoryBytes the most memory of an instance
 * @param keptBytes an instance whose memory has grown beyond this is not kept
 */
record Limits(Duration computing, long memoryBytes, long keptBytes) {
  static final Limits DEFAULT = new Limits(Duration.ofSeconds(10), 256 << 20, 16 << 20);
}
