package dev.scimlet.support;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.nio.file.Path;
import javax.sql.DataSource;

/** A data source of each kind over a new, empty database. */
public enum Backend {
  SQLITE,
  SQLITE_POOLED,
  /** A pool whose connections are not in auto-commit mode. */
  SQLITE_MANUAL,
  POSTGRES,
  POSTGRES_POOLED,
  POSTGRES_MANUAL;

  public boolean isSqlite() {
    return this == SQLITE || this == SQLITE_POOLED || this == SQLITE_MANUAL;
  }

  public DataSource open(Path folder) {
    DataSource source =
        isSqlite()
            ? Databases.sqlite(folder.resolve("app.db").toString())
            : Postgres.source(Postgres.shared().database());
    boolean isManual = this == SQLITE_MANUAL || this == POSTGRES_MANUAL;
    return this == SQLITE || this == POSTGRES ? source : pool(source, !isManual);
  }

  private static HikariDataSource pool(DataSource source, boolean isAutoCommit) {
    HikariConfig config = new HikariConfig();
    config.setDataSource(source);
    config.setMaximumPoolSize(20);
    config.setMinimumIdle(1);
    config.setAutoCommit(isAutoCommit);
    return new HikariDataSource(config);
  }
}
