// Command bench prints processor milliseconds of a request over SQLite with kept instances, of a
// fresh instance, and the time from a process's start to its first answer: go run ./bench.
//
// Each figure is the median of the rounds, with the least and the greatest. What is wanted is printed
// beside it, and fails nothing.
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
	first := flag.String("first", "", "print nothing, and ask once for this path (used by the bench itself)")
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

// requests measures requests one at a time, and returns the path of a user.
func requests(database string, rounds int) (string, error) {
	ctx := context.Background()
	db, dialect, err := app.Open(database)
	if err != nil {
		return "", err
	}
	scim := scimlet.New(db, dialect, nil)
	acme := scim.Tenant("acme")
	if err := scim.Migrate(ctx); err != nil {
		return "", err
	}
	if _, err := scim.CreateTenant(ctx, "acme"); err != nil {
		return "", err
	}
	if _, err := acme.Configure(ctx, object{"extends": "okta"}, 0); err != nil {
		return "", err
	}
	made := 0
	create := func() (string, error) {
		made++
		name := fmt.Sprintf("user%d", made)
		return ask(acme, "POST", "/Users", object{"schemas": []string{userSchema}, "userName": name})
	}
	var all []object
	for range members {
		id, err := create()
		if err != nil {
			return "", err
		}
		all = append(all, object{"value": id})
	}
	group := func(members []object) object {
		return object{
			"schemas": []string{groupSchema}, "displayName": "all", "members": members,
		}
	}
	id, err := ask(acme, "POST", "/Groups", group(all))
	if err != nil {
		return "", err
	}
	user := "/Users/" + all[0]["value"].(string)
	fresh, err := tenant(database, -1)
	if err != nil {
		return "", err
	}
	cases := []struct {
		name, wanted string
		times        int
		run          func(number int) error
	}{
		{"GET by id", "< 1", 200, func(int) error {
			_, err := ask(acme, "GET", user, nil)
			return err
		}},
		{"create", "< 4", 100, func(int) error {
			_, err := create()
			return err
		}},
		{"a group of 1,000: GET", "-", 10, func(int) error {
			_, err := ask(acme, "GET", "/Groups/"+id, nil)
			return err
		}},
		{"a group of 1,000: PUT", "-", 10, func(number int) error {
			_, err := ask(acme, "PUT", "/Groups/"+id, group(all[number%2:]))
			return err
		}},
		{"GET by id, in a fresh instance", "-", 100, func(int) error {
			_, err := ask(fresh, "GET", user, nil)
			return err
		}},
	}
	for _, one := range cases {
		if err := measure(one.name, one.wanted, rounds, one.times, processor, one.run); err != nil {
			return "", err
		}
	}
	return user, nil
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
