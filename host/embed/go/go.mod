module scimlet.dev/scimlet

go 1.24.0
