package scimlet

// Version is the version of this package, and of the module that it runs.
const Version = "0.1.0"
