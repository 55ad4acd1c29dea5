package tests

import (
	"bufio"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"scimlet.dev/scimlet"
	"scimlet.dev/scimlet/tests/app"
)

// site is SCIM over HTTP, with two tenants and a credential of acme's.
type site struct {
	scim   *scimlet.Provider
	secret string
}

func newSite(t *testing.T) *site {
	t.Helper()
	ctx := t.Context()
	scim := scimlet.New(newSQLite(t), scimlet.SQLite, nil)
	acme := newTenant(t, scim)
	_, err := scim.CreateTenant(ctx, "umbrella")
	check(t, err)
	_, err = scim.Tenant("umbrella").Configure(ctx, object{"extends": "okta"}, 0)
	check(t, err)
	issued, err := acme.IssueCredential(ctx, scimlet.CredentialRequest{Label: "Okta"})
	check(t, err)
	return &site{scim, issued.Secret}
}

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body is read")
	return 0, io.EOF
}

// incoming returns a request with a good credential.
func (s *site) incoming(method, target string, body io.Reader) *http.Request {
	r := httptest.NewRequest(method, target, body)
	r.Header.Set("Authorization", "Bearer "+s.secret)
	r.Header.Set("Content-Type", "application/scim+json")
	return r
}

func served(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	return recorder
}

func status(handler http.Handler, r *http.Request) int { return served(handler, r).Code }

func TestARequestReachesTheTenantThatItsCredentialNames(t *testing.T) {
	site := newSite(t)
	mux := http.NewServeMux()
	mux.Handle("/scim/v2/", site.scim.Handler("/scim/v2", nil))
	user := fmt.Sprintf(`{"schemas":[%q],"userName":"änn"}`, userSchema)
	answer := served(mux, site.incoming("POST", "/scim/v2/Users", strings.NewReader(user)))
	equal(t, answer.Code, 201)
	id := parsed(t, answer.Body.String())["id"].(string)
	location := "http://example.com/scim/v2/Users/" + id
	equal(t, answer.Header().Get("Location"), location)
	equal(t, answer.Header().Get("Cache-Control"), "no-store")
	for name := range answer.Header() {
		if strings.HasPrefix(name, "X-Scimlet") {
			t.Errorf("the client gets %s", name)
		}
	}
	query := "/scim/v2/Users?filter=userName%20eq%20%22%C3%A4nn%22"
	answer = served(mux, site.incoming("GET", query, nil))
	equal(t, parsed(t, answer.Body.String())["totalResults"], any(1.0))
	equal(t, names(t, site.scim.Tenant("umbrella")), "")
	answer = served(mux, site.incoming("HEAD", "/scim/v2/Users/"+id, nil))
	equal(t, answer.Body.Len(), 0)
	equal(t, answer.Header().Get("Content-Length") != "0", true)
	secure := site.incoming("GET", "/scim/v2/Users/"+id, nil)
	secure.TLS = &tls.ConnectionState{}
	answer = served(mux, secure)
	meta := parsed(t, answer.Body.String())["meta"].(object)
	equal(t, meta["location"], any("https://example.com/scim/v2/Users/"+id))
}

func TestPathsAndTenants(t *testing.T) {
	site := newSite(t)
	root := site.scim.Handler("/", nil)
	equal(t, status(root, site.incoming("GET", "/%55sers?count=0", nil)), 200)
	below := site.scim.Handler("/scim/v2/", nil)
	for _, path := range []string{"/", "/scim", "/scim/v2x", "/scim/v2x/Users", "/x/scim/v2/Users"} {
		equal(t, status(below, site.incoming("GET", path, nil)), 404)
	}
	inPath := site.scim.Handler("/{tenant}/scim", nil)
	equal(t, status(inPath, site.incoming("GET", "/acme/scim/Users", nil)), 200)
	equal(t, status(inPath, site.incoming("GET", "/umbrella/scim/Users", nil)), 401)
	equal(t, status(inPath, site.incoming("GET", "/nobody/scim/Users", nil)), 401)
	byHost := site.scim.Handler("", &scimlet.HandlerOptions{
		Tenant: func(r *http.Request) string {
			name, _, _ := strings.Cut(r.Host, ".")
			return strings.TrimPrefix(name, "nobody")
		},
		BaseURL: "https://id.example.com/{tenant}",
	})
	asked := site.incoming("GET", "http://acme.example.com/ServiceProviderConfig", nil)
	answer := served(byHost, asked)
	equal(t, answer.Code, 200)
	if !strings.Contains(answer.Body.String(), "https://id.example.com/acme/") {
		t.Fatal(answer.Body)
	}
	equal(t, status(byHost, site.incoming("GET", "http://nobody.example.com/Users", nil)), 404)
}

func TestBytesThatAreNotUTF8AreTheClientsMistake(t *testing.T) {
	site := newSite(t)
	handler := site.scim.Handler("", nil)
	for _, target := range []string{
		"/Users?count=0&x=\xff", "/Users?filter=userName%20eq%20%22\xe4\xff%22", "/Users/\xff",
	} {
		if found := status(handler, site.incoming("GET", target, nil)); found >= 500 {
			t.Errorf("%q: the status is %d", target, found)
		}
	}
	r := site.incoming("GET", "/Users", nil)
	r.Header.Set("User-Agent", "caf\xe9")
	equal(t, status(handler, r), 200)
}

func TestARequestWithoutAGoodCredentialGets401(t *testing.T) {
	site := newSite(t)
	handler := site.scim.Handler("", nil)
	for _, authorization := range []string{
		"", "Bearer nonsense", "Bearer acme.nonsense", "Bearer nobody.nonsense",
	} {
		r := site.incoming("GET", "/Users", nil)
		r.Header.Set("Authorization", authorization)
		answer := served(handler, r)
		equal(t, answer.Code, 401)
		equal(t, answer.Header().Get("Www-Authenticate") != "", true)
		equal(t, answer.Header().Get("Content-Type"), "application/scim+json")
	}
	// Two credentials are no good one.
	r := site.incoming("GET", "/Users", nil)
	r.Header.Add("Authorization", "Bearer acme.nonsense")
	equal(t, status(handler, r) >= 400, true)
}

// large is more than 1 MiB.
func large() string {
	var members []object
	for number := range 22_000 {
		members = append(members, object{"value": fmt.Sprintf("%036d", number)})
	}
	written, err := json.Marshal(object{
		"schemas": []string{groupSchema}, "displayName": "Staff", "members": members,
	})
	if err != nil {
		panic(err)
	}
	return string(written)
}

func TestBodies(t *testing.T) {
	site := newSite(t)
	handler := site.scim.Handler("", nil)
	post := func(path, body string) int {
		return status(handler, site.incoming("POST", path, strings.NewReader(body)))
	}
	equal(t, post("/Users", "\xff{}"), 400)
	equal(t, post("/Users", large()), 413)
	equal(t, post("/Groups", large()), 400)
	equal(t, post("/Groups", large()+strings.Repeat(" ", 24<<20)), 413)
	// Of chunks nobody knows how many there are.
	chunked := func(path, body string) *http.Request {
		return site.incoming("POST", path, io.MultiReader(strings.NewReader(body)))
	}
	equal(t, status(handler, chunked("/Users", large())), 413)
	equal(t, status(handler, chunked("/Groups", large())), 400)
	broken := site.incoming("POST", "/Users", io.MultiReader(strings.NewReader("{"), failing{}))
	equal(t, status(handler, broken), 400)
	equal(t, status(handler, site.incoming("GET", "/Groups", strings.NewReader(large()))), 413)
	// Without a good credential, a large body is not read.
	for _, length := range []int64{-1, 2 << 20} {
		r := site.incoming("POST", "/acme/Groups", unread{t})
		r.Header.Set("Authorization", "Bearer acme.nonsense")
		r.ContentLength = length
		equal(t, status(site.scim.Handler("/{tenant}", nil), r), 401)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestRates(t *testing.T) {
	ctx := t.Context()
	site := newSite(t)
	handler := site.scim.Handler("", nil)
	acme := site.scim.Tenant("acme")
	// So few that none comes back meanwhile.
	_, err := acme.Set(ctx, object{"rate.requests-per-second": 1, "rate.headers": true})
	check(t, err)
	answer := served(handler, site.incoming("GET", "/Users?count=0", nil))
	equal(t, answer.Code, 200)
	if told := answer.Header().Get("Ratelimit"); !strings.HasPrefix(told, `"default";r=0;t=`) {
		t.Fatalf("it tells %q", told)
	}
	// Clients without a credential use nothing up, and get nothing read.
	for range 3 {
		r := site.incoming("POST", "/acme/Users", unread{t})
		r.Header.Set("Authorization", "Bearer acme.nonsense")
		equal(t, status(site.scim.Handler("/{tenant}", nil), r), 401)
	}
	limited := 0
	for limited == 0 {
		answer = served(handler, site.incoming("GET", "/Users?count=0", nil))
		if answer.Code == 429 {
			limited++
		}
	}
	equal(t, answer.Header().Get("Retry-After"), "1")
	equal(t, answer.Header().Get("Ratelimit-Policy") != "", true)
	equal(t, answer.Header().Get("Content-Type"), "application/scim+json")
	// A profile without a limit ends the counting.
	_, err = acme.Set(ctx, object{"rate.requests-per-second": nil})
	check(t, err)
	for status(handler, site.incoming("GET", "/Users?count=0", nil)) == 429 {
	}
	for range 5 {
		equal(t, status(handler, site.incoming("GET", "/Users?count=0", nil)), 200)
	}
}

func TestAFailureIsAProblemWithoutInternals(t *testing.T) {
	site := newSite(t)
	empty, _ := open(t, "sqlite:"+t.TempDir()+"/empty.db")
	nowhere, _, err := app.Open("sqlite:" + t.TempDir() + "/nowhere/app.db")
	check(t, err)
	for _, db := range []*sql.DB{empty, nowhere} {
		handler := scimlet.New(db, scimlet.SQLite, nil).Handler("", nil)
		answer := served(handler, site.incoming("GET", "/Users", nil))
		equal(t, answer.Code, 503)
		equal(t, answer.Header().Get("Content-Type"), "application/scim+json")
		equal(t, answer.Header().Get("Retry-After") != "", true)
		for _, internal := range []string{"scimlet_", "nowhere", "SQL"} {
			if strings.Contains(answer.Body.String(), internal) {
				t.Fatal(answer.Body)
			}
		}
	}
}

// What a server of the standard library passes on of a request that no client library sends.
func TestRawRequests(t *testing.T) {
	site := newSite(t)
	server := httptest.NewServer(site.scim.Handler("/scim", nil))
	defer server.Close()
	where, err := url.Parse(server.URL)
	check(t, err)
	for target, wanted := range map[string]int{
		"/scim/Users/a%2Fb":  404,
		"/scim//Users":       200,
		"/scim/../x":         404,
		"/scim":              200,
		"/scim/Users?count=": 200,
		"/scim/%C3%A4":       404,
		"/scim/Users/%zz":    400,
	} {
		connection, err := net.Dial("tcp", where.Host)
		check(t, err)
		_, err = fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
			target, site.secret)
		check(t, err)
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		check(t, err)
		if answer.StatusCode != wanted {
			t.Errorf("%s is answered with %d", target, answer.StatusCode)
		}
		check(t, answer.Body.Close())
		check(t, connection.Close())
	}
}
