/**
 * SCIM in an application of Spring Boot: scimlet over the application's {@code DataSource}, served
 * at the path {@code scimlet.path}.
 */
package dev.scimlet.spring;
