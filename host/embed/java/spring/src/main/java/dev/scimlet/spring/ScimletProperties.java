package dev.scimlet.spring;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code scimlet.*}.
 *
 * @param path where SCIM is served, below the context path
 * @param tenant the only tenant that is served; without it the credential names the tenant
 * @param baseUrl SCIM's URL as clients see it; without it the request says
 * @param migrate whether scimlet's tables are made, or brought up to date, at the start
 * @param idleInstances how many idle instances of the module are kept
 */
@ConfigurationProperties("scimlet")
public record ScimletProperties(
    @DefaultValue("/scim/v2") String path,
    String tenant,
    String baseUrl,
    @DefaultValue("true") boolean migrate,
    @DefaultValue("32") int idleInstances) {}
