package dev.scimlet.support;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.Statement;
import javax.sql.DataSource;

/** A data source whose connections say that they have committed, and have not. */
public final class Forgetful {
  private final DataSource source;

  public Forgetful(DataSource source) {
    this.source = source;
  }

  public DataSource dataSource() {
    return wrapped(DataSource.class, source);
  }

  private static <T> T wrapped(Class<T> type, Object inner) {
    ClassLoader loader = Forgetful.class.getClassLoader();
    return type.cast(
        Proxy.newProxyInstance(
            loader,
            new Class<?>[] {type},
            (proxy, method, arguments) -> invoked(inner, method, arguments)));
  }

  private static Object invoked(Object inner, Method method, Object[] arguments) throws Throwable {
    if (arguments != null && arguments.length == 1 && "COMMIT".equals(arguments[0])) {
      arguments[0] = "ROLLBACK";
    }
    try {
      Object given = method.invoke(inner, arguments);
      if (given instanceof Connection connection) {
        return wrapped(Connection.class, connection);
      }
      return method.getName().equals("createStatement") ? wrapped(Statement.class, given) : given;
    } catch (InvocationTargetException error) {
      throw error.getCause();
    }
  }
}
