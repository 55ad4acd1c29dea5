package tests

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"scimlet.dev/scimlet/tests/app"
)

const mostLines = 25

var blocks = regexp.MustCompile("(?s)```go\n(.*?)```")

// firstExample returns the first program in the README.
func firstExample(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	check(t, err)
	return blocks.FindStringSubmatch(string(text))[1]
}

// linesOfCode counts lines that are neither empty nor comments, as for the first example in Python;
// without what only Go has: the package clause, the block of imports, and brackets that stand alone.
func linesOfCode(program string) (count int) {
	imports := regexp.MustCompile(`(?s)import \(.*?\n\)`)
	code := imports.ReplaceAllString(program, "")
	for line := range strings.Lines(code) {
		line = strings.Trim(line, " \t\n)}")
		if line != "" && !strings.HasPrefix(line, "//") && !strings.HasPrefix(line, "package ") {
			count++
		}
	}
	return count
}

func TestTheFirstExampleIsShortAndFormatted(t *testing.T) {
	program := firstExample(t)
	if lines := linesOfCode(program); lines > mostLines {
		t.Errorf("it has %d lines", lines)
	}
	format := exec.Command("gofmt", "-l")
	format.Stdin = strings.NewReader(program)
	output, err := format.Output()
	check(t, err)
	equal(t, string(output), "")
}

// exampleFolder returns a folder for the first example, in which its imports are there. SCIMLET_APP
// names one in which try has got scimlet as users do, with SCIMLET_APP_MODULES; otherwise it is the
// one beside this test.
func exampleFolder(t *testing.T) string {
	t.Helper()
	if folder, isSet := os.LookupEnv("SCIMLET_APP"); isSet {
		t.Setenv("GOMODCACHE", os.Getenv("SCIMLET_APP_MODULES"))
		return folder
	}
	// Below this module, its go.mod says where everything is.
	folder, err := os.MkdirTemp(".", "example-")
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(folder)) })
	return folder
}

// freeAddress returns an address at which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "localhost:0")
	check(t, err)
	defer func() { check(t, free.Close()) }()
	return free.Addr().String()
}

func TestTheFirstExampleDoesWhatOktaExpects(t *testing.T) {
	address := freeAddress(t)
	folder := exampleFolder(t)
	code := strings.Replace(firstExample(t), "localhost:8080", address, 1)
	check(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte(code), 0o644))
	program := filepath.Join(t.TempDir(), "app")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = folder
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, bytes.TrimSpace(output))
	}
	example := exec.Command(program)
	example.Dir = t.TempDir()
	output, err := example.StderrPipe()
	check(t, err)
	check(t, example.Start())
	defer func() {
		check(t, example.Process.Kill())
		_ = example.Wait() // It says that it was killed.
	}()
	lines := bufio.NewReader(output)
	line, err := lines.ReadString('\n')
	check(t, err)
	_, secret, found := strings.Cut(strings.TrimSpace(line), "secret: ")
	equal(t, found, true)
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	okta := &okta{"http://" + address + "/scim/v2", secret}
	drive(t, okta, filepath.Join(example.Dir, "app.db"))
}

// okta is a client of the running example.
type okta struct{ url, secret string }

// ask returns the document of the answer, which has this status.
func (o *okta) ask(t *testing.T, method, path, document string, status int) (answer object) {
	t.Helper()
	var response *http.Response
	// The example prints the secret before it listens.
	for response == nil {
		asked, err := http.NewRequestWithContext(
			t.Context(), method, o.url+path, strings.NewReader(document))
		check(t, err)
		asked.Header.Set("Authorization", "Bearer "+o.secret)
		asked.Header.Set("Content-Type", "application/scim+json")
		response, err = http.DefaultClient.Do(asked)
		if err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatal(err)
		}
	}
	defer func() { check(t, response.Body.Close()) }()
	text, err := io.ReadAll(response.Body)
	check(t, err)
	if response.StatusCode != status {
		t.Fatalf("the status is %d, not %d: %s", response.StatusCode, status, text)
	}
	check(t, json.Unmarshal(text, &answer))
	return answer
}

// create creates a user, and returns its id.
func (o *okta) create(t *testing.T, name string, status int) (id string) {
	t.Helper()
	const document = `{"schemas":[%q],"userName":%q,"name":{"givenName":"Ad"}}`
	answer := o.ask(t, "POST", "/Users", fmt.Sprintf(document, userSchema, name), status)
	id, _ = answer["id"].(string)
	return id
}

func (o *okta) setActive(t *testing.T, id string, active bool) {
	t.Helper()
	const document = `{"schemas":[%q],"Operations":[{"op":"replace","value":{"active":%v}}]}`
	o.ask(t, "PATCH", "/Users/"+id, fmt.Sprintf(document, patchSchema, active), 200)
}

// drive provisions as Okta does, and looks at the application's own tables.
func drive(t *testing.T, okta *okta, path string) {
	t.Helper()
	db, _, err := app.Open("sqlite:" + path)
	check(t, err)
	defer func() { check(t, db.Close()) }()
	rows := func() string {
		t.Helper()
		return column(t, db, "SELECT id || email || given || active FROM users ORDER BY id")
	}
	ada := okta.create(t, "ada@example.com", 201)
	equal(t, rows(), "1ada@example.comAd1")
	found := okta.ask(t, "GET", "/Users/"+ada, "", 200)
	equal(t, found["userName"], any("ada@example.com"))
	_, err = db.ExecContext(t.Context(), "INSERT INTO sessions VALUES (1, 'cookie')")
	check(t, err)
	okta.setActive(t, ada, false)
	equal(t, rows(), "1ada@example.comAd0")
	equal(t, column(t, db, "SELECT COUNT(*) FROM sessions"), "0")
	// Two seats: the third user has none, and nothing of it stays.
	okta.setActive(t, ada, true)
	okta.create(t, "bo@example.com", 201)
	okta.create(t, "cy@example.com", 403)
	equal(t, rows(), "1ada@example.comAd1 2bo@example.comAd1")
	okta.secret = "acme.nonsense"
	okta.ask(t, "GET", "/Users", "", 401)
}
