/**
 * SCIM 2.0 provisioning (RFC 7643, RFC 7644) inside an application, over its own database
 * connection. Begin with {@link dev.scimlet.Scimlet#builder}.
 */
package dev.scimlet;
