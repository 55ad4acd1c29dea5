package dev.scimlet.support;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A private cluster of PostgreSQL in a folder of its own, reached through a socket there. A shell
 * watches over it, and stops and removes it when its pipe closes, however this process ends.
 */
public final class Postgres {
  private static final String WATCH =
      """
      cd "$1" || exit 1
      control() { pg_ctl -D data -l log -w -t 60 -s "$@" </dev/null >>log 2>&1; }
      initdb -D data -U postgres -A trust -E UTF8 --no-sync --locale=C >log 2>&1 || exit 1
      cat >>data/postgresql.conf <<END
      listen_addresses = ''
      unix_socket_directories = '$1'
      max_connections = 200
      fsync = off
      full_page_writes = off
      deadlock_timeout = 100ms
      END
      control start && echo started || echo failed
      read -r end
      control -m immediate stop
      cd / && rm -rf "$1"
      """;

  private static final class Shared {
    static final Optional<Postgres> CLUSTER = programs().map(Postgres::new);
  }

  private final Path folder;
  private final AtomicInteger made = new AtomicInteger();

  /** The shell's input, which ends with this process. */
  private final Writer watch;

  private Postgres(Path programs) {
    try {
      folder = Files.createTempDirectory("scimlet-pg");
      List<String> command = new ArrayList<>();
      if (System.getProperty("user.name").equals("root")) {
        // PostgreSQL refuses to run as root.
        var users = folder.getFileSystem().getUserPrincipalLookupService();
        Files.setOwner(folder, users.lookupPrincipalByName("postgres"));
        command.addAll(List.of("runuser", "-u", "postgres", "--"));
      }
      command.addAll(List.of("sh", "-c", WATCH, "sh", folder.toString()));
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().put("PATH", programs + ":/usr/bin:/bin");
      Process shell = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
      watch = shell.outputWriter();
      BufferedReader output = shell.inputReader();
      if (!"started".equals(output.readLine())) {
        throw new IllegalStateException("PostgreSQL did not start");
      }
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  /** The cluster that all tests share. Without PostgreSQL the test is skipped, or fails in CI. */
  public static Postgres shared() {
    boolean isThere = Shared.CLUSTER.isPresent();
    if (!isThere && "true".equals(System.getenv("CI"))) {
      throw new IllegalStateException("CI=true demands PostgreSQL");
    }
    Assumptions.assumeTrue(isThere, "there is no PostgreSQL");
    return Shared.CLUSTER.get();
  }

  /** The folder with PostgreSQL's programs: of the PATH, or Debian's newest. */
  private static Optional<Path> programs() {
    Stream<Path> onPath = Stream.of(System.getenv("PATH").split(":")).map(Path::of);
    return Stream.concat(onPath, debians())
        .filter(each -> Files.isExecutable(each.resolve("initdb")))
        .findFirst();
  }

  private static Stream<Path> debians() {
    try (var versions = Files.list(Path.of("/usr/lib/postgresql"))) {
      return versions
          .sorted(Comparator.reverseOrder())
          .map(each -> each.resolve("bin"))
          .toList()
          .stream();
    } catch (IOException error) {
      return Stream.empty();
    }
  }

  /** A URL of a new, empty database, in the form of libpq with a socket as its host. */
  public String database() {
    String name = "db" + made.incrementAndGet();
    try (var connection = source(url("postgres")).getConnection();
        var statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name);
    } catch (SQLException error) {
      throw new IllegalStateException(error);
    }
    return url(name);
  }

  private String url(String database) {
    return "postgres://postgres@" + folder.toString().replace("/", "%2F") + "/" + database;
  }

  /** Gives connections to a database of {@code postgres://USER@HOST/NAME}. */
  public static PGSimpleDataSource source(String url) {
    String[] parts = url.substring(url.indexOf("//") + 2).split("[@/]", 3);
    String host = URLDecoder.decode(parts[1], StandardCharsets.UTF_8);
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUser(parts[0]);
    source.setDatabaseName(parts[2]);
    if (host.startsWith("/")) {
      source.setSslMode("disable");
      source.setSocketFactory("org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg");
      source.setSocketFactoryArg(host + "/.s.PGSQL.5432");
    } else {
      String[] address = host.split(":");
      source.setServerNames(new String[] {address[0]});
      source.setPortNumbers(new int[] {address.length > 1 ? Integer.parseInt(address[1]) : 5432});
    }
    return source;
  }
}
