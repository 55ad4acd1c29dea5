package scimlet

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// bodyBytes is the most bytes of a body.
	bodyBytes = 1 << 20
	// groupBodyBytes is the same where a client with a good credential writes a group: 100,000
	// members have some 20 MiB.
	groupBodyBytes = 24 << 20
	retrySeconds   = "5"
)

var groups = regexp.MustCompile(`^/Groups(/|$)`)

// HandlerOptions are what [Provider.Handler] can do without. The zero value is good.
type HandlerOptions struct {
	// Tenant returns the tenant's name; empty answers with 404. If it is nil, the path says it, or
	// else the credential.
	Tenant func(r *http.Request) string
	// BaseURL is SCIM's URL as clients see it, where that is not as the request says, as behind a
	// proxy: https://app.example.com/scim/v2. It may contain {tenant}.
	BaseURL string
}

// handler answers the requests below a path.
type handler struct {
	provider *Provider
	prefix   []string
	options  HandlerOptions
}

// Handler returns SCIM as an HTTP handler for what is below a path, such as /scim/v2; it answers
// other paths with 404. With a segment {tenant}, as in /{tenant}/scim/v2, that is the tenant's
// name; without one the credential names the tenant.
//
// It takes the path as it came: mount it with a final slash, mux.Handle("/scim/v2/", …), and without
// [http.StripPrefix].
func (p *Provider) Handler(path string, options *HandlerOptions) http.Handler {
	made := &handler{provider: p}
	if options != nil {
		made.options = *options
	}
	if path = strings.Trim(path, "/"); path != "" {
		made.prefix = strings.Split(path, "/")
	}
	return made
}

// ServeHTTP answers a request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	response, err := h.answer(w, r)
	if err != nil {
		response = h.failed(r, err)
	}
	header := w.Header()
	for name, values := range response.Header {
		if !strings.HasPrefix(name, "X-Scimlet-") {
			header[name] = values
		}
	}
	if response.Status != http.StatusNoContent && response.Status != http.StatusNotModified {
		header.Set("Content-Length", strconv.Itoa(len(response.Body)))
	}
	w.WriteHeader(response.Status)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, response.Body) // A client that went away needs no answer.
	}
}

// target is where a request goes.
type target struct {
	prefix, path, tenant string
}

func (h *handler) answer(w http.ResponseWriter, r *http.Request) (*Response, error) {
	target, found := h.target(r.URL.EscapedPath())
	if !found {
		return problemResponse(404, "there is nothing here"), nil
	}
	if refused, err := h.findTenant(r, &target); refused != nil || err != nil {
		return refused, err
	}
	tenant, rates := h.provider.Tenant(target.tenant), h.provider.rates
	origin := Origin{BaseURL: h.baseURL(r, target), ClientAddress: address(r)}
	most := mostBytes(r.Method, target.path)
	// Where a body may be large, and where requests are counted, the credential has to be good
	// before the body is read: so clients without one use nothing up.
	mayBeLarge := most > bodyBytes && (r.ContentLength < 0 || r.ContentLength > bodyBytes)
	if mayBeLarge || rates.hasLimit(target.tenant) {
		_, refused, err := tenant.Authorize(r.Context(), origin, r.Header, "")
		if refused != nil || err != nil {
			return refused, err
		}
		if refused := rates.admit(target.tenant); refused != nil {
			return refused, nil
		}
	}
	body, refused := read(w, r, most)
	if refused != nil {
		return refused, nil
	}
	response, err := tenant.Handle(r.Context(), origin, Request{
		r.Method, target.path, strings.ToValidUTF8(r.URL.RawQuery, "\uFFFD"), r.Header, body,
	})
	if err == nil {
		rates.settle(target.tenant, response)
	}
	return response, err
}

// target divides a path that is still percent-encoded; false if it is not ours.
func (h *handler) target(path string) (found target, isOurs bool) {
	rest := path
	for _, wanted := range h.prefix {
		if !strings.HasPrefix(rest, "/") {
			return found, false
		}
		segment, _, _ := strings.Cut(rest[1:], "/")
		switch {
		case wanted == "{tenant}" && segment != "":
			found.tenant = segment
		case wanted != segment:
			return found, false
		}
		rest = rest[1+len(segment):]
	}
	found.prefix, found.path = path[:len(path)-len(rest)], rest
	return found, true
}

// findTenant finds the tenant of a request, or a response if there is none.
func (h *handler) findTenant(r *http.Request, target *target) (*Response, error) {
	switch {
	case h.options.Tenant != nil:
		target.tenant = h.options.Tenant(r)
		if target.tenant == "" {
			return problemResponse(404, "there is nothing here"), nil
		}
	case target.tenant == "":
		name, err := h.provider.TenantOf(r.Context(), r.Header)
		if err != nil {
			return nil, err
		}
		if name == "" {
			refused := problemResponse(401, "there is no credential")
			refused.Header.Set("Www-Authenticate", "Bearer")
			return refused, nil
		}
		target.tenant = name
	}
	return nil, nil
}

// baseURL returns what the path is relative to.
func (h *handler) baseURL(r *http.Request, target target) string {
	if h.options.BaseURL != "" {
		return strings.ReplaceAll(h.options.BaseURL, "{tenant}", target.tenant)
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + target.prefix
}

func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// mostBytes returns the most bytes that a body may have.
func mostBytes(method, path string) int64 {
	switch method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		if groups.MatchString(path) {
			return groupBodyBytes
		}
	}
	return bodyBytes
}

// read returns the whole body, of so many bytes at most, or the response if that cannot be.
func read(w http.ResponseWriter, r *http.Request, most int64) (string, *Response) {
	tooLarge := "a body may have " + strconv.FormatInt(most, 10) + " bytes here"
	if r.ContentLength > most {
		return "", problemResponse(413, tooLarge)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return "", problemResponse(413, tooLarge)
	case err != nil:
		return "", problemResponse(400, "the body could not be read")
	case !utf8.Valid(body):
		return "", problemResponse(400, "the body is not UTF-8")
	}
	return string(body), nil
}

// failed returns the response where an error took the place of one.
func (h *handler) failed(r *http.Request, err error) *Response {
	if !errors.Is(err, context.Canceled) || r.Context().Err() == nil {
		h.provider.logger.ErrorContext(r.Context(), "a request was given up",
			"method", r.Method, "error", sentence(err))
	}
	if errors.Is(err, ErrUnavailable) || r.Context().Err() != nil {
		response := problemResponse(503, "the service is busy, try again later")
		response.Header.Set("Retry-After", retrySeconds)
		return response
	}
	return problemResponse(500, "internal error")
}

// problemResponse returns a SCIM error (RFC 7644 section 3.12) that the module does not see, with
// the headers that the module has.
func problemResponse(status int, detail string) *Response {
	body, err := json.Marshal(map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"},
		"status":  strconv.Itoa(status),
		"detail":  detail,
	})
	if err != nil {
		panic(err) // Texts only.
	}
	header := http.Header{}
	header.Set("Content-Type", "application/scim+json")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	return &Response{status, header, string(body)}
}
