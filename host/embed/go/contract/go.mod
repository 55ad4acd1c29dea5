module scimlet.dev/scimlet/contract

go 1.24.0

require scimlet.dev/scimlet v0.1.0

replace scimlet.dev/scimlet => ../
