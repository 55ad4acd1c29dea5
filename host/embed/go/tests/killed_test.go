package tests

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"scimlet.dev/scimlet"
	"scimlet.dev/scimlet/tests/app"
)

// rounds is how often a server is killed.
func rounds(t *testing.T) int {
	t.Helper()
	text, isSet := os.LookupEnv("SCIMLET_ROUNDS")
	if !isSet {
		return 3
	}
	number, err := strconv.Atoi(text)
	check(t, err)
	return number
}

// server is a process that serves a tenant.
type server struct {
	command     *exec.Cmd
	url, secret string
}

func startServer(t *testing.T, program, database string) *server {
	t.Helper()
	command := exec.Command(program, "-users", database)
	input, err := command.StdinPipe()
	check(t, err)
	output, err := command.StdoutPipe()
	check(t, err)
	check(t, command.Start())
	lines := bufio.NewScanner(output)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "listening on http://127.0.0.1:") {
		t.Fatalf("the server says %q", lines.Text())
	}
	_, err = fmt.Fprintln(input, `{"tenant": "t0", "profile": "{\"extends\": \"okta\"}"}`)
	check(t, err)
	lines.Scan()
	var told struct{ URL, Secret string }
	check(t, json.Unmarshal(lines.Bytes(), &told))
	return &server{command, told.URL, told.Secret}
}

// client creates users and deactivates some, until the server does not answer.
type client struct {
	server *server
	http   *http.Client
	// acknowledged is whether the user of a name is active, as far as that was answered.
	acknowledged map[string]bool
	// unknown has what was not answered, and so may have happened.
	unknown map[string]bool
	// others are answers that are neither good nor say that it was busy.
	others []string
}

// run works until the server is gone; it calls acted after each answer.
func (c *client) run(next *atomic.Int64, acted func()) {
	for {
		name := fmt.Sprintf("user%d", next.Add(1))
		c.unknown[name] = true
		body := fmt.Sprintf(`{"schemas":[%q],"userName":%q}`, userSchema, name)
		document, isAnswered := c.ask("POST", "/Users", body)
		if !isAnswered {
			return
		}
		acted()
		if document == nil {
			continue
		}
		c.acknowledged[name] = true
		delete(c.unknown, name)
		if rand.IntN(2) == 0 {
			continue
		}
		c.unknown[name] = true
		patch := fmt.Sprintf(
			`{"schemas":[%q],"Operations":[{"op":"replace","value":{"active":false}}]}`, patchSchema)
		document, isAnswered = c.ask("PATCH", "/Users/"+document["id"].(string), patch)
		if !isAnswered {
			return
		}
		acted()
		if document != nil {
			c.acknowledged[name] = false
			delete(c.unknown, name)
		}
	}
}

// ask returns the document of a good answer; nil if it was busy.
func (c *client) ask(method, path, body string) (document object, isAnswered bool) {
	request, err := http.NewRequest(method, c.server.url+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.server.secret)
	request.Header.Set("Content-Type", "application/scim+json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, false
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, false
	}
	switch response.StatusCode {
	case 200, 201:
		if json.Unmarshal(text, &document) != nil {
			return nil, false
		}
	case 503:
	default:
		c.others = append(c.others, fmt.Sprintf("%d: %s", response.StatusCode, text))
	}
	return document, true
}

// kill kills a server under load, after so many answers, and returns its clients.
func kill(t *testing.T, served *server, next *atomic.Int64, after int64) []*client {
	t.Helper()
	var answers atomic.Int64
	enough := make(chan struct{})
	acted := func() {
		if answers.Add(1) == after {
			close(enough)
		}
	}
	var clients []*client
	var group sync.WaitGroup
	for range 4 {
		one := &client{
			server: served, http: &http.Client{Transport: &http.Transport{}},
			acknowledged: map[string]bool{}, unknown: map[string]bool{},
		}
		clients = append(clients, one)
		group.Go(func() { one.run(next, acted) })
	}
	<-enough
	check(t, served.command.Process.Kill())
	_ = served.command.Wait() // It says that it was killed.
	group.Wait()
	return clients
}

// usersOf returns whether each user is active, from scimlet's tables and from the application's.
func usersOf(t *testing.T, database string) (scims, own map[string]bool) {
	t.Helper()
	ctx := t.Context()
	db, dialect, err := app.Open(database)
	check(t, err)
	defer func() { check(t, db.Close()) }() // What is open would be among the others next time.
	if dialect == scimlet.PostgreSQL {
		// What the killed server had sent may still be done.
		const others = `SELECT COUNT(*) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`
		for column(t, db, others) != "0" {
			runtime.Gosched()
		}
	}
	scims, own = map[string]bool{}, map[string]bool{}
	tenant := scimlet.New(db, dialect, nil).Tenant("t0")
	for cursor := ""; ; {
		page, err := tenant.Users(ctx, "", cursor, 500)
		check(t, err)
		for _, document := range page.Resources {
			user := parsed(t, document)
			active, isThere := user["active"].(bool)
			scims[user["userName"].(string)] = active || !isThere
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	rows, err := db.QueryContext(ctx, "SELECT name, active FROM users")
	check(t, err)
	for rows.Next() {
		var name string
		var active bool
		check(t, rows.Scan(&name, &active))
		own[name] = active
	}
	check(t, rows.Err())
	return scims, own
}

func TestKilledUnderLoad(t *testing.T) {
	program := filepath.Join(t.TempDir(), "serve")
	build := exec.Command("go", "build", "-o", program, "./serve")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, bytes.TrimSpace(output))
	}
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			database := "sqlite:" + filepath.Join(t.TempDir(), "app.db")
			if kind == "postgres" {
				database = newPostgres(t)
			}
			var next atomic.Int64
			acknowledged := map[string]bool{}
			for range rounds(t) {
				served := startServer(t, program, database)
				clients := kill(t, served, &next, 1+rand.Int64N(100))
				scims, own := usersOf(t, database)
				equal(t, fmt.Sprint(own), fmt.Sprint(scims))
				unknown := map[string]bool{}
				for _, one := range clients {
					equal(t, strings.Join(one.others, "; "), "")
					for name, active := range one.acknowledged {
						acknowledged[name] = active
					}
					for name := range one.unknown {
						unknown[name] = true
					}
				}
				for name, active := range acknowledged {
					found, isThere := own[name]
					if !unknown[name] && (!isThere || found != active) {
						t.Fatalf("%s was acknowledged: active %v", name, active)
					}
				}
				for name := range unknown {
					delete(acknowledged, name)
					if active, isThere := own[name]; isThere {
						acknowledged[name] = active
					}
				}
			}
		})
	}
}
