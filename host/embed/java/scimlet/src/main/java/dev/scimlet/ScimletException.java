package dev.scimlet;

/**
 * Anything that went wrong in scimlet. The message is for the operator's log, not for clients. The
 * nested classes tell what it was.
 */
public class ScimletException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * For what none of the nested classes names.
   *
   * @param message what went wrong
   * @param cause what it came from, or null
   */
  protected ScimletException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Nothing has this id, or there is no tenant of this name. */
  public static final class NotFound extends ScimletException {
    private static final long serialVersionUID = 1;

    NotFound(String message) {
      super(message, null);
    }
  }

  /** It was changed meanwhile: read it and try again. */
  public static final class Stale extends ScimletException {
    private static final long serialVersionUID = 1;

    Stale(String message) {
      super(message, null);
    }
  }

  /** An argument is wrong; says which and why. */
  public static final class Invalid extends ScimletException {
    private static final long serialVersionUID = 1;

    Invalid(String message) {
      super(message, null);
    }
  }

  /** The arguments are right, but the tenant's state does not allow the call; says why. */
  public static final class Refused extends ScimletException {
    private static final long serialVersionUID = 1;

    Refused(String message) {
      super(message, null);
    }
  }

  /** The database failed. Where it failed during a commit, whether that happened is unknown. */
  public static final class Unavailable extends ScimletException {
    private static final long serialVersionUID = 1;

    Unavailable(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The tables are of a newer version of scimlet, or are not scimlet's. */
  public static final class Unsuitable extends ScimletException {
    private static final long serialVersionUID = 1;

    Unsuitable(String message) {
      super(message, null);
    }
  }

  /**
   * A call ended without an answer: it took too much memory or time, its thread was interrupted, or
   * scimlet has a bug. What it had committed stands; the next call gets a fresh instance.
   */
  public static final class Fault extends ScimletException {
    private static final long serialVersionUID = 1;

    Fault(String message, Throwable cause) {
      super(message, cause);
    }
  }

  /** The exception for an error case of {@code wit/admin.wit} or {@code wit/tables.wit}. */
  static ScimletException of(String problem, String sentence) {
    return switch (problem) {
      case "not-found", "unknown" -> new NotFound(sentence);
      case "stale" -> new Stale(sentence);
      case "invalid" -> new Invalid(sentence);
      case "refused" -> new Refused(sentence);
      case "unavailable" -> new Unavailable(sentence, null);
      case "unsuitable" -> new Unsuitable(sentence);
      default -> new ScimletException(problem + ": " + sentence, null);
    };
  }
}
