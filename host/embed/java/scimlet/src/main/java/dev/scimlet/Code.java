package dev.scimlet;

import com.dylibso.chicory.runtime.HostFunction;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.runtime.WasmFunctionHandle;
import com.dylibso.chicory.wasm.types.FunctionType;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import com.dylibso.chicory.wasm.types.ValType;
import dev.scimlet.module.Module;
import java.util.List;

/**
 * The module, compiled to class files at build time, and the image that its instances start from.
 */
final class Code {
  private static final FunctionType IMPORT =
      FunctionType.of(List.of(ValType.I32, ValType.I32), List.of(ValType.I64));
  private static final int ABI_VERSION = 1;

  private Code() {}

  /** The memory of an instance after {@code provider.prepare}; made when it is first needed. */
  private static final class Image {
    static final byte[] BYTES = prepared();

    private static byte[] prepared() {
      ModuleInstance first = new ModuleInstance(Limits.DEFAULT, null);
      first.call(Json.bytes("{\"call\":\"provider.prepare\"}"), Code::unanswered);
      return first.content();
    }
  }

  /** What a fresh instance has in its memory. */
  static byte[] image() {
    return Image.BYTES;
  }

  /**
   * A fresh instance, whose import is this function, with this content of its memory; null for that
   * which the module brings.
   */
  static Instance instance(Limits limits, byte[] image, WasmFunctionHandle imported) {
    int initial = Module.load().memorySection().orElseThrow().getMemory(0).limits().initialPages();
    int most = (int) (limits.memoryBytes() / Memory.PAGE_SIZE);
    Instance instance =
        Instance.builder(Module.load())
            .withMachineFactory(Module::create)
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
