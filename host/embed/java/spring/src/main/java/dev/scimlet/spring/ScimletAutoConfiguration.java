package dev.scimlet.spring;

import dev.scimlet.Application;
import dev.scimlet.Scimlet;
import dev.scimlet.ScimletServlet;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.datasource.DelegatingDataSource;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;

/** Makes a {@link Scimlet} over the application's {@code DataSource}, and serves it. */
@AutoConfiguration(
    afterName = {
      "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration",
      "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration"
    })
@ConditionalOnSingleCandidate(DataSource.class)
@EnableConfigurationProperties(ScimletProperties.class)
public class ScimletAutoConfiguration {
  /** Makes the configuration. */
  public ScimletAutoConfiguration() {}

  /**
   * Scimlet, which calls the bean of the kind {@link Application} or {@link JdbcApplication}.
   *
   * @param source the application's data source
   * @param application the application, if it hears of changes
   * @param jdbcApplication the application, if it hears of changes with a JdbcTemplate
   * @param properties the properties
   * @return scimlet over the data source
   */
  @Bean
  @ConditionalOnMissingBean
  public Scimlet scimlet(
      DataSource source,
      ObjectProvider<Application> application,
      ObjectProvider<JdbcApplication> jdbcApplication,
      ScimletProperties properties) {
    JdbcApplication jdbc = jdbcApplication.getIfAvailable();
    Application hears =
        application.getIfAvailable(() -> jdbc == null ? null : jdbc.overConnections());
    Scimlet scim =
        Scimlet.builder(own(source))
            .application(hears)
            .idleInstances(properties.idleInstances())
            .build();
    if (properties.migrate()) {
      scim.migrate();
    }
    return scim;
  }

  /** What gives connections that are in no transaction of the application's. */
  private static DataSource own(DataSource source) {
    DataSource own = source;
    DataSource each = source;
    while (each instanceof DelegatingDataSource proxy && proxy.getTargetDataSource() != null) {
      each = proxy.getTargetDataSource();
      if (proxy instanceof TransactionAwareDataSourceProxy) {
        own = each;
      }
    }
    return own;
  }

  /** Serves SCIM in a servlet container. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
  static class Web {
    @Bean
    @ConditionalOnMissingBean(name = "scimletServlet")
    ServletRegistrationBean<ScimletServlet> scimletServlet(
        Scimlet scimlet, ScimletProperties properties) {
      ScimletServlet servlet = new ScimletServlet(scimlet);
      if (properties.tenant() != null) {
        servlet.tenant(properties.tenant());
      }
      if (properties.baseUrl() != null) {
        servlet.baseUrl(properties.baseUrl());
      }
      String path = properties.path().replaceAll("/+$", "");
      return new ServletRegistrationBean<>(servlet, path + "/*");
    }
  }
}
