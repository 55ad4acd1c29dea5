package dev.scimlet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;

/**
 * Whether a database and its driver carry statements and transactions as scimlet needs them. For
 * tests of drivers, proxies and databases of another make.
 */
public final class Contract {
  /** The cases use tenants whose names begin so, and remove them. */
  private static final String TENANT = "scimlet-contract";

  /** A case writes some thousand entries, and its module is interpreted. */
  private static final Limits LIMITS = new Limits(Duration.ofMinutes(10), 256 << 20, 16 << 20);

  private final Calls calls;

  /**
   * The cases over a database.
   *
   * @param source what gives connections to a database for tests
   * @param wasm the file {@code scimlet-contract-module.wasm} of a release of this version
   * @throws UncheckedIOException if the file cannot be read
   */
  public Contract(DataSource source, Path wasm) {
    Objects.requireNonNull(source, "source");
    Code code = Code.interpreted(bytes(wasm));
    calls = new Calls(new Pool(() -> code, 0, LIMITS), null, () -> Lease.of(source));
  }

  /**
   * The names of all cases.
   *
   * @return the names
   */
  public List<String> cases() {
    return Json.texts(calls.call(TENANT, "contract.cases", Json.object()));
  }

  /**
   * Runs the cases of these names; all, which takes long, if none is named.
   *
   * @param names names of {@link #cases}
   * @return a sentence for each rule that is broken; none if all is as it should be
   */
  public List<String> run(String... names) {
    List<String> told = new ArrayList<>();
    for (String name : names.length > 0 ? List.of(names) : cases()) {
      ObjectNode arguments = Json.object();
      arguments.putArray("cases").add(name);
      told.addAll(Json.texts(calls.call(TENANT, "contract.run", arguments)));
    }
    return told;
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }
}
