package dev.scimlet;

/** What happens to a resource. */
public enum Step {
  /** A client creates it. */
  CREATED,
  /** A client takes over a record that the product had. */
  LINKED,
  /** It changes, and none of the other steps applies. */
  UPDATED,
  /** The user loses access. */
  DEACTIVATED,
  /** The user regains access: also one that a client had deleted and the product kept. */
  REACTIVATED,
  /** A client deletes it. Where the profile keeps the record, {@link Change#after} is that. */
  REMOVED,
  /** The application erases it: {@link Tenant#eraseUser}. */
  ERASED
}
