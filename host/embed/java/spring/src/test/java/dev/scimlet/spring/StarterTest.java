package dev.scimlet.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.scimlet.Application;
import dev.scimlet.InvalidChange;
import dev.scimlet.Scimlet;
import dev.scimlet.ScimletException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.jdbc.DataSourceBuilder;
import org.springframework.boot.web.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.DataSourceUtils;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** An application of Spring Boot with the starter. */
class StarterTest {
  private static final String USER =
      "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"ada\"}";

  @TempDir Path folder;

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class Plain {}

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class WithTemplate {
    @Bean
    JdbcApplication follow() {
      return (change, db) ->
          db.queryForObject(
              "INSERT INTO own(name) VALUES (?) RETURNING id",
              Long.class,
              change.after().path("userName").asText());
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class WithConnection {
    @Bean
    Application follow() {
      return (change, connection) -> {
        throw new InvalidChange("not now");
      };
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  static class WithProxies {
    @Bean
    DelegatingDataSource source(@Value("${spring.datasource.url}") String url) {
      DataSource pool = DataSourceBuilder.create().url(url).build();
      return new DelegatingDataSource(new TransactionAwareDataSourceProxy(pool));
    }

    @Bean
    PlatformTransactionManager transactions(DelegatingDataSource source) {
      var proxy = (TransactionAwareDataSourceProxy) source.getTargetDataSource();
      return new DataSourceTransactionManager(proxy.getTargetDataSource());
    }
  }

  private ConfigurableApplicationContext started(Class<?> application, String... more) {
    SpringApplication spring = new SpringApplication(application);
    String[] properties = {
      "--server.port=0",
      "--spring.main.banner-mode=off",
      "--logging.level.root=warn",
      "--spring.datasource.url=jdbc:sqlite:" + folder.resolve("app.db"),
    };
    String[] all = java.util.Arrays.copyOf(properties, properties.length + more.length);
    System.arraycopy(more, 0, all, properties.length, more.length);
    ConfigurableApplicationContext context = spring.run(all);
    JdbcTemplate db = context.getBean(JdbcTemplate.class);
    db.execute("CREATE TABLE IF NOT EXISTS own(id INTEGER PRIMARY KEY, name)");
    return context;
  }

  private static String secret(ConfigurableApplicationContext context) {
    Scimlet scim = context.getBean(Scimlet.class);
    scim.createTenant("acme");
    scim.tenant("acme").configure("{\"extends\": \"okta\"}");
    return scim.tenant("acme").issueCredential("Okta").secret();
  }

  private static int created(ConfigurableApplicationContext context, String path, String secret)
      throws Exception {
    int port = ((ServletWebServerApplicationContext) context).getWebServer().getPort();
    var request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path + "/Users"))
            .header("content-type", "application/scim+json")
            .header("authorization", "Bearer " + secret)
            .POST(BodyPublishers.ofString(USER));
    return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString()).statusCode();
  }

  @Test
  void theApplicationsTableFollows() throws Exception {
    try (var context = started(WithTemplate.class)) {
      assertEquals(201, created(context, "/scim/v2", secret(context)));
      JdbcTemplate db = context.getBean(JdbcTemplate.class);
      assertEquals("ada", db.queryForObject("SELECT name FROM own WHERE id = 1", String.class));
      Scimlet scim = context.getBean(Scimlet.class);
      assertFalse(scim.tenant("acme").findByProductId("User", "1").isEmpty());
    }
  }

  @Test
  void anApplicationOverConnectionsMayRefuse() throws Exception {
    try (var context = started(WithConnection.class, "--scimlet.path=/provisioning/")) {
      String secret = secret(context);
      assertEquals(400, created(context, "/provisioning", secret));
      assertEquals(404, created(context, "/scim/v2", secret));
    }
  }

  @Test
  void propertiesAreHeard() throws Exception {
    try (var context = started(Plain.class, "--scimlet.tenant=other", "--scimlet.migrate=false")) {
      Scimlet scim = context.getBean(Scimlet.class);
      assertThrows(ScimletException.class, scim::tenants);
      scim.migrate();
      String secret = secret(context);
      scim.createTenant("other");
      scim.tenant("other").configure("{\"extends\": \"okta\"}");
      assertEquals(401, created(context, "/scim/v2", secret));
    }
  }

  @Test
  void whatJoinsNoTransactionOfSpringsLeavesItOpen() {
    try (var context = started(WithProxies.class)) {
      secret(context);
      Scimlet scim = context.getBean(Scimlet.class);
      JdbcTemplate db = context.getBean(JdbcTemplate.class);
      var transaction = new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
      transaction.executeWithoutResult(
          status -> {
            db.update("INSERT INTO own(name) VALUES ('ada')");
            assertEquals(1, scim.tenants().size());
            status.setRollbackOnly();
          });
      assertEquals(0, db.queryForObject("SELECT COUNT(*) FROM own", Integer.class));
    }
  }

  @Test
  void aChangeJoinsATransactionOfSprings() {
    try (var context = started(Plain.class)) {
      secret(context);
      Scimlet scim = context.getBean(Scimlet.class);
      DataSource source = context.getBean(DataSource.class);
      JdbcTemplate db = context.getBean(JdbcTemplate.class);
      var transaction = new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
      transaction.executeWithoutResult(
          status -> {
            db.update("INSERT INTO own(name) VALUES ('ada')");
            scim.on(DataSourceUtils.getConnection(source)).tenant("acme").createUser(USER, "1");
            status.setRollbackOnly();
          });
      assertEquals(0, db.queryForObject("SELECT COUNT(*) FROM own", Integer.class));
      assertTrue(scim.tenant("acme").users(null, "", 1).path("totalResults").asInt() == 0);
    }
  }
}
