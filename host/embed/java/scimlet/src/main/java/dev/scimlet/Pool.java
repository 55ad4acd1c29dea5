package dev.scimlet;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Idle instances, each of which has served one tenant only. */
final class Pool {
  private record Idle(String tenant, ModuleInstance instance) {}

  private final Supplier<Code> code;
  private final int most;
  private final Limits limits;

  /** The one that was used last is the first. */
  private final Deque<Idle> idle = new ArrayDeque<>();

  Pool(Supplier<Code> code, int most, Limits limits) {
    this.code = code;
    this.most = most;
    this.limits = limits;
  }

  /** Runs a call in an instance of the tenant's. One that fails is thrown away. */
  byte[] call(String tenant, byte[] text, UnaryOperator<byte[]> answer) {
    ModuleInstance kept = take(tenant);
    ModuleInstance instance = kept != null ? kept : new ModuleInstance(code.get(), limits);
    byte[] returned = instance.call(text, answer);
    if (instance.size() <= limits.keptBytes()) {
      keep(new Idle(tenant, instance));
    }
    return returned;
  }

  /** The tenants of the idle instances, the one that was used last first. */
  synchronized java.util.List<String> tenants() {
    return idle.stream().map(Idle::tenant).toList();
  }

  private synchronized ModuleInstance take(String tenant) {
    for (Iterator<Idle> each = idle.iterator(); each.hasNext(); ) {
      Idle one = each.next();
      if (one.tenant().equals(tenant)) {
        each.remove();
        return one.instance();
      }
    }
    return null;
  }

  private synchronized void keep(Idle used) {
    idle.addFirst(used);
    if (idle.size() > most) {
      idle.removeLast();
    }
  }
}
