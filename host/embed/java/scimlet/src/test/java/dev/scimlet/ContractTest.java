package dev.scimlet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.scimlet.support.Databases;
import dev.scimlet.support.Forgetful;
import java.nio.file.Path;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract of stores over the driver, and over a connection that breaks it. */
class ContractTest {
  /** Cases that are quick. */
  private static final String[] CASES = {
    "get_commit::an_inserted_entry_is_read_back", "limits::nul_is_kept_or_invalid"
  };

  @TempDir Path folder;
  private Path wasm;

  @BeforeEach
  void theEnvironmentNamesTheFile() {
    String named = System.getenv("SCIMLET_CONTRACT_MODULE");
    if (named == null && "true".equals(System.getenv("CI"))) {
      fail("CI=true demands SCIMLET_CONTRACT_MODULE");
    }
    assumeTrue(named != null, "SCIMLET_CONTRACT_MODULE names no file");
    wasm = Path.of(named);
  }

  private DataSource sqlite() {
    return Databases.sqlite(folder.resolve("app.db").toString());
  }

  @Test
  void theDriverHoldsTheContract() {
    Contract contract = new Contract(sqlite(), wasm);
    assertTrue(contract.cases().containsAll(List.of(CASES)));
    assertEquals(List.of(), contract.run(CASES));
  }

  @Test
  void aConnectionThatCommitsNothingIsFoundOut() {
    List<String> told = new Contract(new Forgetful(sqlite()).dataSource(), wasm).run(CASES[0]);
    assertEquals(1, told.size(), told.toString());
    assertTrue(
        told.get(0).startsWith("get_commit: an inserted entry is read back"), told.toString());
  }
}
