package dev.scimlet.support;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.sql.DataSource;

/**
 * A data source of which one statement fails as if the connection broke: before it is executed, or
 * after it was. What follows works again, so that it shows if something is done twice.
 */
public final class Faulty {
  private static final Set<String> EXECUTES = Set.of("execute", "executeQuery", "executeUpdate");

  private final DataSource source;
  private final boolean isAfter;
  private final int point;
  private final Throwable failure;
  private int executed;
  private boolean writes;

  /** The transactions that were committed and wrote. */
  public int committed;

  /** What was executed. */
  public final List<String> texts = new ArrayList<>();

  /** Connections that were given and are not closed. */
  public int open;

  public Faulty(DataSource source, boolean isAfter, int point) {
    this(source, isAfter, point, new SQLException("the connection broke", "08006"));
  }

  /** With what the statement throws. */
  public Faulty(DataSource source, boolean isAfter, int point, Throwable failure) {
    this.source = source;
    this.isAfter = isAfter;
    this.point = point;
    this.failure = failure;
  }

  public boolean hasFailed() {
    return executed >= point;
  }

  public DataSource dataSource() {
    return proxy(
        DataSource.class,
        (proxy, method, arguments) -> {
          Object given = invoked(source, method, arguments);
          if (!(given instanceof Connection connection)) {
            return given;
          }
          open++;
          return connection(connection);
        });
  }

  private Connection connection(Connection connection) {
    return proxy(
        Connection.class,
        (proxy, method, arguments) -> {
          if (method.getName().equals("unwrap")) {
            return connection;
          }
          if (method.getName().equals("close")) {
            open--;
          }
          Object given = invoked(connection, method, arguments);
          if (!(given instanceof Statement statement)) {
            return given;
          }
          return statement(statement, method.getReturnType(), arguments);
        });
  }

  private Object statement(Statement statement, Class<?> type, Object[] prepared) {
    return proxy(
        type,
        (proxy, method, arguments) -> {
          if (!EXECUTES.contains(method.getName())) {
            return invoked(statement, method, arguments);
          }
          String text = (String) (arguments != null ? arguments[0] : prepared[0]);
          return executed(text, () -> invoked(statement, method, arguments));
        });
  }

  private Object executed(String text, Work work) throws Throwable {
    executed++;
    texts.add(text);
    if (executed == point && !isAfter) {
      throw failure;
    }
    Object result = work.done();
    if (text.startsWith("BEGIN")) {
      writes = text.equals("BEGIN IMMEDIATE");
    } else if (text.equals("COMMIT") && writes) {
      committed++;
    }
    if (executed == point) {
      throw failure;
    }
    return result;
  }

  private interface Work {
    Object done() throws Throwable;
  }

  /** Invokes a method of what a proxy stands for. */
  public static Object invoked(Object on, java.lang.reflect.Method method, Object[] arguments)
      throws Throwable {
    try {
      return method.invoke(on, arguments);
    } catch (InvocationTargetException error) {
      throw error.getCause();
    }
  }

  /** A proxy of one interface. */
  public static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(
        Proxy.newProxyInstance(Faulty.class.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
