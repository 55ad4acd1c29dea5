package dev.scimlet;

import com.dylibso.chicory.runtime.ExportFunction;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import java.util.function.UnaryOperator;

/**
 * An instance of the module: texts go in and come out ({@code wit/module.md}). Runs one call at a
 * time; after an exception it is of no use.
 */
final class ModuleInstance {
  private final Limits limits;
  private final Memory memory;
  private final ExportFunction allocate;
  private final ExportFunction free;
  private final ExportFunction run;

  private Stopwatch stopwatch;
  private UnaryOperator<byte[]> answer;

  /** What the answer to an import threw. */
  private RuntimeException thrown;

  /** A fresh one. */
  ModuleInstance(Code code, Limits limits) {
    this.limits = limits;
    Instance instance = code.instance(limits, (inner, arguments) -> imported(arguments));
    memory = instance.memory();
    allocate = instance.export("allocate");
    free = instance.export("free");
    run = instance.export("call");
  }

  /** Bytes of memory. */
  long size() {
    return (long) memory.pages() * Memory.PAGE_SIZE;
  }

  /** A copy of the memory. */
  byte[] content() {
    return memory.readBytes(0, Math.toIntExact(size()));
  }

  /**
   * Passes a text to the module, whose own calls {@code answer} answers; returns what it returned.
   *
   * @throws ScimletException.Fault if it ended otherwise
   * @throws RuntimeException whatever {@code answer} threw
   */
  byte[] call(byte[] text, UnaryOperator<byte[]> answer) {
    this.answer = answer;
    stopwatch = new Stopwatch(limits.computing());
    try {
      stopwatch.resume();
      long packed = run.apply(put(text), text.length)[0];
      int address = address(packed);
      byte[] returned = memory.readBytes(address, length(packed));
      free.apply(address, returned.length);
      return returned;
    } catch (RuntimeException | StackOverflowError | OutOfMemoryError error) {
      throw thrown != null ? thrown : fault(error);
    } finally {
      stopwatch.close();
      // An idle instance keeps neither the connection nor the thread of its last call.
      stopwatch = null;
      this.answer = null;
    }
  }

  private ScimletException.Fault fault(Throwable error) {
    boolean isLate = stopwatch.hasExpired();
    String why = isLate ? "it computed for longer than " + limits.computing() : error.toString();
    return new ScimletException.Fault("scimlet ended without an answer: " + why, error);
  }

  private long[] imported(long... arguments) {
    stopwatch.pause();
    if (stopwatch.hasExpired()) {
      throw new IllegalStateException("the time is up");
    }
    byte[] answered;
    try {
      answered = answer.apply(memory.readBytes((int) arguments[0], (int) arguments[1]));
    } catch (RuntimeException error) {
      thrown = error;
      throw error;
    }
    stopwatch.resume();
    return new long[] {put(answered) << 32 | answered.length};
  }

  /** Writes a text where the module has room for it. */
  private long put(byte[] text) {
    if (text.length == 0) {
      return 0;
    }
    long address = allocate.apply(text.length)[0] & 0xFFFFFFFFL;
    memory.write((int) address, text);
    return address;
  }

  private static int address(long packed) {
    return (int) (packed >>> 32);
  }

  private static int length(long packed) {
    return (int) packed;
  }
}
