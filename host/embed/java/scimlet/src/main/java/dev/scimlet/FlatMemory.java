package dev.scimlet;

import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.wasm.types.ActiveDataSegment;
import com.dylibso.chicory.wasm.types.DataSegment;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import com.dylibso.chicory.wasm.types.OpCode;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The memory of an instance in one array, which is faster than the paged one of the runtime. The
 * array's bounds are the sandbox; an access beyond them throws IndexOutOfBoundsException. It may be
 * longer than the memory, so that growing costs little. For one thread, and for a module without
 * passive segments.
 */
final class FlatMemory implements Memory {
  private static final VarHandle SHORT = view(short[].class);
  private static final VarHandle INT = view(int[].class);
  private static final VarHandle LONG = view(long[].class);

  private final MemoryLimits limits;

  /** What a fresh memory has; null for that which the module brings. */
  private final byte[] image;

  private byte[] bytes;
  private int pages;

  FlatMemory(MemoryLimits limits, byte[] image) {
    this.limits = limits;
    this.image = image;
    bytes = image != null ? image.clone() : new byte[limits.initialPages() * PAGE_SIZE];
    pages = bytes.length / PAGE_SIZE;
  }

  private static VarHandle view(Class<?> array) {
    return MethodHandles.byteArrayViewVarHandle(array, ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public int pages() {
    return pages;
  }

  @Override
  public int grow(int more) {
    int before = pages;
    if (more < 0 || more > maximumPages() - before) {
      return -1;
    }
    pages = before + more;
    int needed = pages * PAGE_SIZE;
    if (needed > bytes.length) {
      int roomy = Math.min(needed + needed / 2, maximumPages() * PAGE_SIZE);
      bytes = Arrays.copyOf(bytes, roomy);
    }
    return before;
  }

  @Override
  public int initialPages() {
    return limits.initialPages();
  }

  @Override
  public int maximumPages() {
    return limits.maximumPages();
  }

  @Override
  public boolean shared() {
    return false;
  }

  @Override
  @SuppressWarnings("removal")
  public Object lock(int address) {
    throw new UnsupportedOperationException("the module has no threads");
  }

  @Override
  @SuppressWarnings("removal")
  public int waitOn(int address, int expected, long timeout) {
    throw new UnsupportedOperationException("the module has no threads");
  }

  @Override
  @SuppressWarnings("removal")
  public int waitOn(int address, long expected, long timeout) {
    throw new UnsupportedOperationException("the module has no threads");
  }

  @Override
  @SuppressWarnings("removal")
  public int notify(int address, int mostThreads) {
    throw new UnsupportedOperationException("the module has no threads");
  }

  @Override
  public void initialize(Instance instance, DataSegment[] segments) {
    if (image != null) {
      return;
    }
    for (DataSegment segment : segments) {
      ActiveDataSegment active = (ActiveDataSegment) segment;
      var offset = active.offsetInstructions().get(0);
      if (offset.opcode() != OpCode.I32_CONST) {
        throw new IllegalStateException("a segment of the module has no constant address");
      }
      write((int) offset.operand(0), active.data());
    }
  }

  @Override
  public void initPassiveSegment(int segment, int address, int offset, int size) {
    throw new UnsupportedOperationException("the module has no passive segments");
  }

  @Override
  public void drop(int segment) {
    // The data of a segment stay with the module.
  }

  @Override
  public void zero() {
    // A fresh memory is as it should be.
  }

  @Override
  public void write(int address, byte[] data, int offset, int size) {
    System.arraycopy(data, offset, bytes, address, size);
  }

  @Override
  public byte[] readBytes(int address, int length) {
    byte[] read = new byte[length];
    System.arraycopy(bytes, address, read, 0, length);
    return read;
  }

  @Override
  public void copy(int to, int from, int size) {
    System.arraycopy(bytes, from, bytes, to, size);
  }

  @Override
  public void fill(byte value, int from, int to) {
    Arrays.fill(bytes, from, to, value);
  }

  @Override
  public byte read(int address) {
    return bytes[address];
  }

  @Override
  public void writeByte(int address, byte value) {
    bytes[address] = value;
  }

  @Override
  public short readShort(int address) {
    return (short) SHORT.get(bytes, address);
  }

  @Override
  public long readU16(int address) {
    return readShort(address) & 0xFFFF;
  }

  @Override
  public void writeShort(int address, short value) {
    SHORT.set(bytes, address, value);
  }

  @Override
  public int readInt(int address) {
    return (int) INT.get(bytes, address);
  }

  @Override
  public void writeI32(int address, int value) {
    INT.set(bytes, address, value);
  }

  @Override
  public long readLong(int address) {
    return (long) LONG.get(bytes, address);
  }

  @Override
  public void writeLong(int address, long value) {
    LONG.set(bytes, address, value);
  }

  @Override
  public float readFloat(int address) {
    return Float.intBitsToFloat(readInt(address));
  }

  @Override
  public long readF32(int address) {
    return readInt(address);
  }

  @Override
  public void writeF32(int address, float value) {
    writeI32(address, Float.floatToRawIntBits(value));
  }

  @Override
  public double readDouble(int address) {
    return Double.longBitsToDouble(readLong(address));
  }

  @Override
  public long readF64(int address) {
    return readLong(address);
  }

  @Override
  public void writeF64(int address, double value) {
    writeLong(address, Double.doubleToRawLongBits(value));
  }
}
