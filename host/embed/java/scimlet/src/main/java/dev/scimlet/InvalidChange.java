package dev.scimlet;

/** Thrown by the application: the client gets 400 with this sentence, and nothing happens. */
public final class InvalidChange extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * Refuses a change.
   *
   * @param sentence what the client is told
   */
  public InvalidChange(String sentence) {
    super(sentence);
  }
}
