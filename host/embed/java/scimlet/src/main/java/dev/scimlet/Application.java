package dev.scimlet;

import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;

/**
 * The application, which hears of each change of a user, a group or another resource before its
 * commit, and may refuse it.
 *
 * <p>It is called in the transaction of the change: what it does on the connection happens with the
 * change, or not at all. If the transaction is repeated, it is called again: so it does only what a
 * rollback undoes, and the rest, such as sending messages, upon the event. It must not end the
 * transaction. It is not called for what the application itself does by a {@link Tenant}, except
 * for {@link Tenant#eraseUser}.
 */
@FunctionalInterface
public interface Application {
  /**
   * Hears of one change.
   *
   * @param change what is about to happen
   * @param connection the connection with the transaction; it refuses to commit and to roll back
   * @return the application's own id of the resource, such as that of its row, which scimlet keeps
   *     as the product's id; null leaves the id as it is
   * @throws InvalidChange to refuse the change: the client gets 400 with the message
   * @throws ForbiddenChange to refuse the change: the client gets 403 with the message
   * @throws Exception of any other kind: the change is undone, and the client gets 503
   */
  Object apply(Change change, Connection connection) throws Exception;

  /**
   * Hears of all changes of a commit at once, in the order of their events; calls {@link #apply}
   * for each if it is not overridden.
   *
   * @param changes what is about to happen
   * @param connection the connection with the transaction
   * @return the application's own ids in the order of the changes, each of which may be null, or an
   *     empty list, which leaves all ids as they are
   * @throws Exception as {@link #apply}
   */
  default List<?> beforeCommit(List<Change> changes, Connection connection) throws Exception {
    List<Object> ids = new ArrayList<>();
    for (Change change : changes) {
      ids.add(apply(change, connection));
    }
    return ids;
  }
}
