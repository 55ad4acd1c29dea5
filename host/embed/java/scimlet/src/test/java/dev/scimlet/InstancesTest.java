package dev.scimlet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Instances, their limits and their pool. */
class InstancesTest {
  private static final String NOBODY = "{\"error\":\"nobody answers\"}";

  private static byte[] call(String function, ObjectNode arguments) {
    ObjectNode call =
        Json.object().put("call", function).put("now", 1).put("seed", "00".repeat(32));
    call.set("arguments", arguments);
    return Json.written(call);
  }

  private static byte[] explain(String profile) {
    return call("admin.explain", Json.object().put("profile", profile));
  }

  private static byte[] explain() {
    return explain("{\"extends\": \"okta\"}");
  }

  /** A call that asks for something. */
  private static byte[] profile() {
    return call("admin.profile", Json.object());
  }

  /** A call that computes for seconds. */
  private static byte[] endless() {
    return explain("{\"extends\": [" + "\"okta\",".repeat(2_000_000) + "\"okta\"]}");
  }

  private static byte[] unanswered(byte[] question) {
    return Json.bytes(NOBODY);
  }

  private static ModuleInstance instance(Limits limits) {
    return new ModuleInstance(Code.prepared(), limits);
  }

  @Test
  void anInstanceFromTheImageAnswersAsTheFirstDid() {
    byte[] first =
        new ModuleInstance(Code.unprepared(), Limits.DEFAULT)
            .call(explain(), InstancesTest::unanswered);
    byte[] second = instance(Limits.DEFAULT).call(explain(), InstancesTest::unanswered);
    assertArrayEquals(first, second);
    assertTrue(new String(second, StandardCharsets.UTF_8).startsWith("{\"return\":{\"ok\""));
  }

  @Test
  void theImageIsThatOfThisModule() {
    assertArrayEquals(Image.made(), Image.read());
  }

  @Test
  void anInstanceWhoseCallFailedIsThrownAway() {
    Pool pool = new Pool(Code::prepared, 4, Limits.DEFAULT);
    UnaryOperator<byte[]> fails =
        question -> {
          throw new IllegalStateException("the application's");
        };
    var thrown =
        assertThrows(IllegalStateException.class, () -> pool.call("acme", profile(), fails));
    assertEquals("the application's", thrown.getMessage());
    assertEquals(List.of(), pool.tenants());
    pool.call("acme", explain(), InstancesTest::unanswered);
    assertEquals(List.of("acme"), pool.tenants());
  }

  @Test
  void instancesServeOneTenantAndTheOldestGoes() {
    Pool pool = new Pool(Code::prepared, 2, Limits.DEFAULT);
    for (String tenant : List.of("a", "b", "a", "c")) {
      pool.call(tenant, explain(), InstancesTest::unanswered);
    }
    assertEquals(List.of("c", "a"), pool.tenants());
  }

  @Test
  void sixteenThreadsGetTheirOwnAnswers() throws Exception {
    Pool pool = new Pool(Code::prepared, 16, Limits.DEFAULT);
    var threads = Executors.newFixedThreadPool(16);
    List<Future<Integer>> outcomes = new ArrayList<>();
    for (int number = 0; number < 64; number++) {
      int own = number;
      UnaryOperator<byte[]> answer =
          question -> {
            if (own % 2 == 1) {
              throw new IllegalStateException(Integer.toString(own));
            }
            return unanswered(question);
          };
      outcomes.add(
          threads.submit(
              () -> {
                try {
                  byte[] told = pool.call("acme", profile(), answer);
                  return new String(told, StandardCharsets.UTF_8).contains("unavailable")
                      ? own
                      : -1;
                } catch (IllegalStateException error) {
                  return Integer.valueOf(error.getMessage());
                }
              }));
    }
    for (int number = 0; number < 64; number++) {
      assertEquals(number, outcomes.get(number).get());
    }
    threads.shutdown();
  }

  @Test
  void memoryIsBounded() {
    Limits limits = new Limits(Duration.ofSeconds(60), 4 << 20, 4 << 20);
    ModuleInstance instance = instance(limits);
    byte[] large = explain(" ".repeat(8 << 20));
    assertThrows(
        ScimletException.Fault.class, () -> instance.call(large, InstancesTest::unanswered));
  }

  @Test
  void anInstanceThatHasGrownIsNotKept() {
    Pool pool = new Pool(Code::prepared, 4, new Limits(Duration.ofSeconds(60), 256 << 20, 2 << 20));
    pool.call("acme", explain(" ".repeat(8 << 20)), InstancesTest::unanswered);
    assertEquals(List.of(), pool.tenants());
  }

  @Test
  void timeIsBoundedAndTheThreadIsNotInterruptedAfterwards() {
    ModuleInstance instance = instance(new Limits(Duration.ofMillis(1), 256 << 20, 16 << 20));
    assertThrows(
        ScimletException.Fault.class, () -> instance.call(endless(), InstancesTest::unanswered));
    assertFalse(Thread.currentThread().isInterrupted());
  }

  @Test
  void waitingForTheDatabaseDoesNotCount() {
    ModuleInstance instance = instance(new Limits(Duration.ofSeconds(2), 256 << 20, 16 << 20));
    byte[] told =
        instance.call(
            profile(),
            question -> {
              long until = System.nanoTime() + Duration.ofMillis(2100).toNanos();
              while (System.nanoTime() < until) {
                Thread.onSpinWait();
              }
              assertFalse(Thread.currentThread().isInterrupted());
              return unanswered(question);
            });
    assertTrue(new String(told, StandardCharsets.UTF_8).contains("unavailable"));
  }

  @Test
  void anInterruptOfTheApplicationsEndsTheCallAndStays() {
    ModuleInstance instance = instance(Limits.DEFAULT);
    Thread.currentThread().interrupt();
    assertThrows(
        ScimletException.Fault.class, () -> instance.call(explain(), InstancesTest::unanswered));
    assertTrue(Thread.interrupted());
  }

  @Test
  void anInterruptOfTheApplicationsBesideTheExpiryStays() {
    Stopwatch stopwatch = new Stopwatch(Duration.ZERO);
    Thread.currentThread().interrupt();
    stopwatch.resume();
    while (!stopwatch.hasExpired()) {
      Thread.onSpinWait();
    }
    stopwatch.close();
    assertTrue(Thread.interrupted());
  }

  @Test
  void anIdleInstanceKeepsNothingOfItsCalls() {
    ModuleInstance instance = instance(Limits.DEFAULT);
    var answer = called(instance);
    for (int time = 0; time < 100 && answer.get() != null; time++) {
      System.gc();
    }
    assertNull(answer.get());
    instance.call(explain(), InstancesTest::unanswered);
  }

  /** What answered a call. */
  private static WeakReference<Object> called(ModuleInstance instance) {
    byte[] told = Json.bytes(NOBODY);
    UnaryOperator<byte[]> answer = question -> told;
    instance.call(profile(), answer);
    return new WeakReference<>(answer);
  }

  @Test
  void aDeepDocumentIsAnsweredOnASmallStack() throws InterruptedException {
    String deep = "{\"a\":" + "[".repeat(5_000) + "]".repeat(5_000) + "}";
    List<String> told = new ArrayList<>();
    Runnable work =
        () ->
            told.add(
                new String(
                    instance(Limits.DEFAULT).call(explain(deep), InstancesTest::unanswered),
                    StandardCharsets.UTF_8));
    Thread thread = new Thread(null, work, "small", 512 << 10);
    thread.start();
    thread.join();
    assertTrue(told.get(0).contains("invalid"), told.toString());
  }
}
