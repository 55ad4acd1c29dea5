package dev.scimlet;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Counts the requests of each tenant where its profile limits them ({@code x-scimlet-rate} in
 * {@code wit/http.wit}), in this process.
 */
final class Rates {
  /** So many tenants are remembered. */
  private static final int TENANTS = 1 << 16;

  private static final double MOST_DEBT_SECONDS = 60;

  private final LongSupplier nanoseconds;

  /** The one whose rate was learned last is at the end. */
  private final Map<String, Bucket> buckets =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Bucket> eldest) {
          return size() > TENANTS;
        }
      };

  Rates() {
    this(System::nanoTime);
  }

  Rates(LongSupplier nanoseconds) {
    this.nanoseconds = nanoseconds;
  }

  /** What is left to a tenant's clients together. */
  private final class Bucket {
    /** Requests a second, which is also the most at once. */
    private double rate;

    /** Negative after a request that cost more than was left. */
    private double left;

    private long at = nanoseconds.getAsLong();

    /** The policy as clients are told; null if they are not. */
    private String policy;

    Bucket(double rate) {
      this.rate = rate;
      left = rate - 1;
    }

    void charge(double cost) {
      long now = nanoseconds.getAsLong();
      double charged = Math.min(left + (now - at) / 1e9 * rate, rate) - cost;
      left = Math.max(charged, -MOST_DEBT_SECONDS * rate);
      at = now;
    }

    /** What is left, and the seconds until all is (draft-ietf-httpapi-ratelimit-headers). */
    Header header() {
      long seconds = (long) Math.ceil((rate - left) / rate);
      long whole = (long) Math.max(Math.floor(left), 0);
      return new Header("ratelimit", "\"default\";r=" + whole + ";t=" + seconds);
    }

    Problem tooMany() {
      long seconds = (long) Math.ceil((1 - left) / rate);
      List<Header> told = new ArrayList<>();
      told.add(new Header("retry-after", Long.toString(seconds)));
      if (policy != null) {
        told.add(header());
        told.add(new Header("ratelimit-policy", policy));
      }
      String detail = "the tenant's clients ask more often than they may";
      return new Problem(429, detail, told.toArray(Header[]::new));
    }
  }

  /** Whether requests of the tenant's clients are counted. */
  synchronized boolean hasLimit(String tenant) {
    return buckets.containsKey(tenant);
  }

  /** Takes a request from what is left; throws a 429 if nothing is. */
  synchronized void admit(String tenant) {
    Bucket bucket = buckets.get(tenant);
    if (bucket == null) {
      return;
    }
    bucket.charge(0);
    if (bucket.left < 1) {
      throw bucket.tooMany();
    }
    bucket.left -= 1;
  }

  /** Learns the rate, and counts what the request cost beyond one. */
  synchronized Response settle(String tenant, Response response) {
    double rate = response.header("x-scimlet-rate").map(Double::valueOf).orElse(0.0);
    if (rate > 0) {
      Bucket bucket = buckets.computeIfAbsent(tenant, name -> new Bucket(rate));
      bucket.rate = rate;
      bucket.policy = response.header("ratelimit-policy").orElse(null);
    } else if (response.status() < 400) {
      buckets.remove(tenant);
    }
    Bucket bucket = buckets.get(tenant);
    if (bucket == null) {
      return response;
    }
    bucket.charge(response.header("x-scimlet-cost").map(Double::valueOf).orElse(1.0) - 1);
    if (response.header("ratelimit-policy").isEmpty()) {
      return response;
    }
    List<Header> headers = new ArrayList<>(response.headers());
    headers.add(bucket.header());
    return new Response(response.status(), headers, response.body());
  }
}
