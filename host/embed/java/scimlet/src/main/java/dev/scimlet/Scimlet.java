package dev.scimlet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.sql.Connection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * SCIM 2.0 provisioning over an application's database: SQLite 3.38 or newer, or PostgreSQL 12 or
 * newer. Any number of threads may use one at once. There is nothing to close.
 */
public final class Scimlet {
  private final Calls calls;
  private final Rates rates;

  private Scimlet(Calls calls, Rates rates) {
    this.calls = calls;
    this.rates = rates;
  }

  /**
   * Begins to make one.
   *
   * @param source what gives connections that are in no transaction, such as a pool
   * @return a builder with the defaults
   */
  public static Builder builder(DataSource source) {
    return new Builder(source);
  }

  /** What a {@link Scimlet} is to be. */
  public static final class Builder {
    private static final int IDLE_INSTANCES = 32;

    private final DataSource source;
    private Application application;
    private int idleInstances = IDLE_INSTANCES;
    private Limits limits = Limits.DEFAULT;

    private Builder(DataSource source) {
      this.source = Objects.requireNonNull(source, "source");
    }

    /**
     * Lets the application hear of each change before its commit.
     *
     * @param application the application
     * @return this builder
     */
    public Builder application(Application application) {
      this.application = application;
      return this;
    }

    /**
     * How many idle instances are kept, of all tenants together; 32 if this is not called. Each has
     * some MiB.
     *
     * @param most the most of them
     * @return this builder
     */
    public Builder idleInstances(int most) {
      if (most < 0) {
        throw new IllegalArgumentException("there are no " + most + " instances");
      }
      idleInstances = most;
      return this;
    }

    Builder limits(Limits limits) {
      this.limits = limits;
      return this;
    }

    /**
     * Makes it. Opens no connection.
     *
     * @return scimlet over the data source
     */
    public Scimlet build() {
      Pool pool = new Pool(Code::prepared, idleInstances, limits);
      return new Scimlet(new Calls(pool, application, () -> Lease.of(source)), new Rates());
    }
  }

  /**
   * The same over a connection of the application's. Where a transaction is open there (auto-commit
   * is off, or it was begun by a statement), what is done here joins it by a savepoint, and is the
   * application's to commit; else each change is committed at once.
   *
   * @param connection the connection, used by no other thread meanwhile
   * @return scimlet over this connection
   */
  public Scimlet on(Connection connection) {
    Objects.requireNonNull(connection, "connection");
    return new Scimlet(calls.over(() -> Lease.joined(connection)), rates);
  }

  /**
   * A tenant. Whether there is one of this name shows when it is used.
   *
   * @param name its name: 1 to 63 of {@code a} to {@code z}, {@code 0} to {@code 9} and {@code -}
   * @return the tenant
   */
  public Tenant tenant(String name) {
    return new Tenant(calls, Objects.requireNonNull(name, "name"));
  }

  /**
   * Makes scimlet's tables, or brings older ones up to date, under a lock, so that of many
   * processes that start at once one does it.
   *
   * @throws ScimletException.Unsuitable if they are of a newer version, or are not scimlet's
   */
  public void migrate() {
    calls.succeeded("", "tables.migrate", Json.object());
  }

  /**
   * All tenants.
   *
   * @return the tenants in the order of their names
   */
  public List<TenantRecord> tenants() {
    JsonNode found = calls.succeeded("", "tables.tenants", Json.object());
    return Json.list(found, TenantRecord::of);
  }

  /**
   * Makes a tenant.
   *
   * @param name its name, as in {@link #tenant}
   * @return false if there is one of this name
   * @throws ScimletException.Invalid if it is no tenant's name
   */
  public boolean createTenant(String name) {
    ObjectNode arguments = Json.object().put("name", name);
    return calls.succeeded("", "tables.create-tenant", arguments).asBoolean();
  }

  /**
   * Removes a tenant and all that it has.
   *
   * @param name its name
   * @return false if there is none of this name
   */
  public boolean deleteTenant(String name) {
    ObjectNode arguments = Json.object().put("name", name);
    return calls.succeeded("", "tables.delete-tenant", arguments).asBoolean();
  }

  /**
   * The tenant that the Authorization header claims, unverified. Needs no database.
   *
   * @param headers the headers of a request
   * @return its name; empty if the headers name none
   */
  public Optional<String> tenantOf(List<Header> headers) {
    ObjectNode arguments = Json.object();
    arguments.set("headers", Header.pairs(headers));
    JsonNode name = calls.callAlone("provider.tenant-of", arguments);
    return name.isTextual() ? Optional.of(name.asText()) : Optional.empty();
  }

  /** The requests of tenants that are counted in this process. */
  Rates rates() {
    return rates;
  }
}
