//! The logic of scimlet: a SCIM 2.0 service provider (RFC 7643, RFC 7644) as a pure function of a request and of what its
//! ports answer.
