// Command bench prints processor milliseconds of a request over SQLite with kept instances, of a
// fresh instance, and the time from a process's start to its first answer: go run ./bench.
//
// Each figure is the median of the rounds, with the least and the greatest. What is wanted is
// printed beside it, and fails nothing.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"scimlet.dev/scimlet"
	"scimlet.dev/scimlet/tests/app"
)

const (
	members     = 1_000
	userSchema  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"
)

type object = map[string]any

func main() {
	log.SetFlags(0)
	rounds := flag.Int("rounds", 7, "how often each figure is measured")
	first := flag.String("first", "", "ask once for this path, as the benchmark has it done")
	flag.Parse()
	err := error(nil)
	if *first != "" {
		err = get(flag.Arg(0), *first)
	} else {
		err = bench(*rounds)
	}
	if err != nil {
		log.Fatal(err)
	}
}

func bench(rounds int) error {
	folder, err := os.MkdirTemp("", "scimlet-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	database := "sqlite:" + filepath.Join(folder, "bench.db")
	path, err := requests(database, rounds)
	if err != nil {
		return err
	}
	return starts(database, path, rounds)
}

// get answers one request in a process of its own.
func get(database, path string) error {
	acme, err := tenant(database, 0)
	if err != nil {
		return err
	}
	_, err = ask(acme, "GET", path, nil)
	return err
}

func tenant(database string, idle int) (*scimlet.Tenant, error) {
	db, dialect, err := app.Open(database)
	if err != nil {
		return nil, err
	}
	return scimlet.New(db, dialect, &scimlet.Options{IdleInstances: idle}).Tenant("acme"), nil
}

// ask returns the id in the answer to a request.
func ask(acme *scimlet.Tenant, method, path string, document any) (id string, err error) {
	body := ""
	if document != nil {
		written, err := json.Marshal(document)
		if err != nil {
			return "", err
		}
		body = string(written)
	}
	origin := scimlet.Origin{BaseURL: "https://scim.example.com/acme", Client: "okta"}
	header := http.Header{"Content-Type": {"application/scim+json"}}
	request := scimlet.Request{Method: method, Path: path, Header: header, Body: body}
	response, err := acme.Handle(context.Background(), origin, request)
	if err != nil {
		return "", err
	}
	if response.Status >= 300 {
		return "", fmt.Errorf("%s %s: %s", method, path, response.Body)
	}
	var answer struct{ ID string }
	return answer.ID, json.Unmarshal([]byte(response.Body), &answer)
}

// filled is a tenant with a group of all its users.
type filled struct {
	tenant *scimlet.Tenant
	// made is how many users there are.
	made        int
	members     []object
	user, group string
}

// fill makes a tenant, its users and the group.
func fill(database string) (*filled, error) {
	ctx := context.Background()
	db, dialect, err := app.Open(database)
	if err != nil {
		return nil, err
	}
	scim, err := scimlet.Open(ctx, db, dialect, nil)
	if err != nil {
		return nil, err
	}
	acme := &filled{tenant: scim.Tenant("acme")}
	if _, err := scim.CreateTenant(ctx, "acme"); err != nil {
		return nil, err
	}
	if _, err := acme.tenant.Configure(ctx, object{"extends": "okta"}, 0); err != nil {
		return nil, err
	}
	for range members {
		id, err := acme.create()
		if err != nil {
			return nil, err
		}
		acme.members = append(acme.members, object{"value": id})
		acme.user = "/Users/" + id
	}
	id, err := ask(acme.tenant, "POST", "/Groups", acme.withMembers(0))
	acme.group = "/Groups/" + id
	return acme, err
}

func (f *filled) create() (id string, err error) {
	f.made++
	name := fmt.Sprintf("user%d", f.made)
	user := object{"schemas": []string{userSchema}, "userName": name}
	return ask(f.tenant, "POST", "/Users", user)
}

// withMembers returns the group without its first members.
func (f *filled) withMembers(first int) object {
	return object{
		"schemas": []string{groupSchema}, "displayName": "all", "members": f.members[first:],
	}
}

// requests measures requests one at a time, and returns the path of a user.
func requests(database string, rounds int) (string, error) {
	acme, err := fill(database)
	if err != nil {
		return "", err
	}
	fresh, err := tenant(database, -1)
	if err != nil {
		return "", err
	}
	get := func(from *scimlet.Tenant, path string) func(int) error {
		return func(int) error {
			_, err := ask(from, "GET", path, nil)
			return err
		}
	}
	create := func(int) error {
		_, err := acme.create()
		return err
	}
	put := func(number int) error {
		_, err := ask(acme.tenant, "PUT", acme.group, acme.withMembers(number%2))
		return err
	}
	for _, one := range []struct {
		name, wanted string
		times        int
		run          func(number int) error
	}{
		{"GET by id", "< 1", 200, get(acme.tenant, acme.user)},
		{"create", "< 4", 100, create},
		{"a group of 1,000: GET", "-", 10, get(acme.tenant, acme.group)},
		{"a group of 1,000: PUT", "-", 10, put},
		{"GET by id, in a fresh instance", "-", 100, get(fresh, acme.user)},
	} {
		err := measure(one.name, one.wanted, rounds, one.times, processor, one.run)
		if err != nil {
			return "", err
		}
	}
	return acme.user, nil
}

// starts measures processes that answer one request.
func starts(database, path string, rounds int) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return measure("start to first answer", "< 1000", rounds, 1, wall, func(int) error {
		return exec.Command(program, "-first", path, database).Run()
	})
}

// measure prints the milliseconds of a run.
func measure(
	name, wanted string, rounds, times int, clock func() time.Duration, run func(int) error,
) error {
	if err := run(0); err != nil {
		return err
	}
	var figures []float64
	for range rounds {
		began := clock()
		for number := range times {
			if err := run(number); err != nil {
				return err
			}
		}
		figures = append(figures, (clock()-began).Seconds()*1000/float64(times))
	}
	slices.Sort(figures)
	fmt.Printf("%-32s %8.2f ms  (%.2f to %.2f; wanted %s)\n",
		name, figures[len(figures)/2], figures[0], figures[len(figures)-1], wanted)
	return nil
}

var start = time.Now()

func wall() time.Duration { return time.Since(start) }

// processor returns the processor time of this process.
func processor() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
