package dev.scimlet;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Bounds how long the module computes in one call, by interrupting its thread: compiled code looks
 * for interrupts in loops and calls. The thread is only interrupted while the module computes,
 * never while it waits for the database, and no interrupt of a stopwatch is left when it has
 * stopped.
 */
final class Stopwatch {
  private static final ScheduledThreadPoolExecutor TIMER = timer();

  private final Thread thread = Thread.currentThread();
  private long left;
  private long resumed;
  private boolean isRunning;
  private boolean hasExpired;
  private boolean hasInterrupted;
  private boolean isDone;
  private Future<?> alarm;

  Stopwatch(Duration limit) {
    left = limit.toNanos();
  }

  /** Begins, or goes on, to measure. */
  synchronized void resume() {
    resumed = System.nanoTime();
    isRunning = true;
    if (alarm == null) {
      alarm = TIMER.schedule(this::look, Math.max(left, 0), TimeUnit.NANOSECONDS);
    }
  }

  /** Stops to measure; a thread that was interrupted by this stopwatch is no more. */
  synchronized void pause() {
    if (!isRunning) {
      return;
    }
    isRunning = false;
    left -= System.nanoTime() - resumed;
    if (hasInterrupted) {
      Thread.interrupted();
    }
  }

  /** Whether the limit is exceeded. */
  synchronized boolean hasExpired() {
    return hasExpired;
  }

  /** Ends it for good. */
  synchronized void close() {
    pause();
    isDone = true;
    if (alarm != null) {
      alarm.cancel(false);
    }
  }

  private synchronized void look() {
    if (isDone) {
      return;
    }
    long now = left - (isRunning ? System.nanoTime() - resumed : 0);
    if (now > 0) {
      alarm = TIMER.schedule(this::look, now, TimeUnit.NANOSECONDS);
    } else if (isRunning) {
      hasExpired = true;
      // One of the application's ends the module too, and stays.
      hasInterrupted = !thread.isInterrupted();
      if (hasInterrupted) {
        thread.interrupt();
      }
    } else {
      // It expires when the module goes on.
      alarm = null;
    }
  }

  private static ScheduledThreadPoolExecutor timer() {
    ScheduledThreadPoolExecutor timer =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread thread = new Thread(work, "scimlet-timer");
              thread.setDaemon(true);
              return thread;
            });
    timer.setRemoveOnCancelPolicy(true);
    timer.setKeepAliveTime(10, TimeUnit.SECONDS);
    timer.allowCoreThreadTimeOut(true);
    return timer;
  }
}
