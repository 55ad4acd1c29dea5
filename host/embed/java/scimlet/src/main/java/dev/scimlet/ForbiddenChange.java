package dev.scimlet;

/** Thrown by the application: the client gets 403 with this sentence, and nothing happens. */
public final class ForbiddenChange extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * Refuses a change.
   *
   * @param sentence what the client is told
   */
  public ForbiddenChange(String sentence) {
    super(sentence);
  }
}
