package dev.scimlet;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * The connection of a transaction as the application gets it: it looks like one in a transaction,
 * refuses to end that, and is not closed.
 */
final class SharedConnection implements InvocationHandler {
  private final Connection connection;

  private SharedConnection(Connection connection) {
    this.connection = connection;
  }

  static Connection of(Connection connection) {
    Class<?>[] types = {Connection.class};
    ClassLoader loader = SharedConnection.class.getClassLoader();
    return (Connection) Proxy.newProxyInstance(loader, types, new SharedConnection(connection));
  }

  @Override
  public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
    boolean isWhole = arguments == null;
    switch (method.getName()) {
      case "equals":
        return proxy == arguments[0];
      case "hashCode":
        return System.identityHashCode(proxy);
      case "getAutoCommit":
        return false;
      case "close":
        return null;
      case "commit":
      case "abort":
      case "setAutoCommit":
        throw refused(method);
      case "rollback":
        if (isWhole) {
          throw refused(method);
        }
        break;
      default:
        break;
    }
    try {
      return method.invoke(connection, arguments);
    } catch (InvocationTargetException error) {
      throw error.getCause();
    }
  }

  private static SQLException refused(Method method) {
    return new SQLException("the transaction is scimlet's: " + method.getName() + " is refused");
  }
}
