package dev.scimlet;

import com.dylibso.chicory.runtime.HostFunction;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.InterpreterMachine;
import com.dylibso.chicory.runtime.Machine;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.runtime.WasmFunctionHandle;
import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import com.dylibso.chicory.wasm.types.FunctionType;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import com.dylibso.chicory.wasm.types.ValType;
import dev.scimlet.module.Module;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Function;

/** A module that instances are made of. */
final class Code {
  private static final FunctionType IMPORT =
      FunctionType.of(List.of(ValType.I32, ValType.I32), List.of(ValType.I64));
  private static final int ABI_VERSION = 1;

  private final WasmModule module;
  private final Function<Instance, Machine> machines;

  /** What a fresh instance has in its memory; null for that which the module brings. */
  private final byte[] image;

  private Code(WasmModule module, Function<Instance, Machine> machines, byte[] image) {
    this.module = module;
    this.machines = machines;
    this.image = image;
  }

  private static final class Prepared {
    static final Code CODE = new Code(compiled(), Module::create, Image.read());
  }

  /** scimlet's module, compiled to class files at build time, with the image made then. */
  static Code prepared() {
    return Prepared.CODE;
  }

  /** scimlet's module, before {@code provider.prepare}. */
  static Code unprepared() {
    return new Code(compiled(), Module::create, null);
  }

  private static WasmModule compiled() {
    try (InputStream meta = Module.class.getResourceAsStream("Module.meta")) {
      // Module.load() also validates it, which was done when it was compiled.
      return Parser.builder().withValidation(false).build().parse(() -> meta);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  /** A module that is interpreted. */
  static Code interpreted(byte[] wasm) {
    return new Code(Parser.parse(wasm), InterpreterMachine::new, null);
  }

  /** A fresh instance, whose import is this function. */
  Instance instance(Limits limits, WasmFunctionHandle imported) {
    int initial = module.memorySection().orElseThrow().getMemory(0).limits().initialPages();
    int most = (int) (limits.memoryBytes() / Memory.PAGE_SIZE);
    Instance instance =
        Instance.builder(module)
            .withMachineFactory(machines)
            .withMemoryFactory(memory -> new FlatMemory(memory, image))
            .withMemoryLimits(new MemoryLimits(initial, most))
            .withImportValues(
                ImportValues.builder()
                    .addFunction(new HostFunction("scimlet", "call", IMPORT, imported))
                    .build())
            .build();
    long version = instance.export("abi_version").apply()[0];
    if (version != ABI_VERSION) {
      throw new ScimletException.Fault("the module has version " + version, null);
    }
    return instance;
  }

  static byte[] unanswered(byte[] question) {
    throw new IllegalStateException("this call has no imports");
  }
}
