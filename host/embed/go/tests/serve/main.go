// Command serve is a server over a database, for tests that are clients over HTTP: serve DATABASE,
// where that is sqlite:PATH or postgres://…; with -users it keeps a table of users in step.
//
// Its first line says where it listens. For each line that it reads, such as
// {"tenant": "t1", "profile": "{…}"}, it makes a tenant, and prints what a client needs:
// {"url": …, "secret": …}. It ends with its input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"

	"scimlet.dev/scimlet"
	"scimlet.dev/scimlet/tests/app"
)

func main() {
	log.SetFlags(0)
	slog.SetLogLoggerLevel(slog.LevelWarn)
	users := flag.Bool("users", false, "keep a table of users in step")
	flag.Parse()
	// The option may also stand behind the database.
	database := flag.Arg(0)
	if flag.NArg() > 0 {
		if err := flag.CommandLine.Parse(flag.Args()[1:]); err != nil {
			log.Fatal(err)
		}
	}
	if database == "" || flag.NArg() > 0 {
		log.Fatal("usage: serve DATABASE [-users]")
	}
	if err := serve(context.Background(), database, *users); err != nil {
		log.Fatal(err)
	}
}

func serve(ctx context.Context, database string, users bool) error {
	db, dialect, err := app.Open(database)
	if err != nil {
		return err
	}
	var options scimlet.Options
	if users {
		table, err := app.NewUsers(ctx, db, dialect)
		if err != nil {
			return err
		}
		options.Application = table.Follow
	}
	scim := scimlet.New(db, dialect, &options)
	if err := scim.Migrate(ctx); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	root := "http://" + listener.Addr().String()
	fmt.Println("listening on", root)
	go func() { log.Fatal(http.Serve(listener, scim.Handler("/{tenant}/scim/v2", nil))) }()
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 1<<20)
	for input.Scan() {
		if err := addTenant(ctx, scim, root, input.Bytes()); err != nil {
			return err
		}
	}
	return input.Err()
}

// addTenant makes a tenant, and says how a client reaches it.
func addTenant(ctx context.Context, scim *scimlet.Provider, root string, line []byte) error {
	var asked struct{ Tenant, Profile string }
	if err := json.Unmarshal(line, &asked); err != nil {
		return err
	}
	tenant := scim.Tenant(asked.Tenant)
	isNew, err := scim.CreateTenant(ctx, asked.Tenant)
	if err != nil {
		return err
	}
	if isNew {
		if _, err := tenant.Configure(ctx, asked.Profile, 0); err != nil {
			return err
		}
	}
	issued, err := tenant.IssueCredential(ctx, scimlet.CredentialRequest{Label: "test"})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]string{
		"url": root + "/" + asked.Tenant + "/scim/v2", "secret": issued.Secret,
	})
}
