package instance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"scimlet.dev/scimlet/internal/module"
)

var code = NewCode(
	func(imports Imports) Module { return module.New(imports) }, `{"call":"provider.prepare"}`)

func call(function string, arguments any) []byte {
	text, err := json.Marshal(map[string]any{
		"call": function, "arguments": arguments, "now": 1, "seed": strings.Repeat("00", 32),
	})
	if err != nil {
		panic(err)
	}
	return text
}

func explain(profile string) []byte {
	return call("admin.explain", map[string]string{"profile": profile})
}

var (
	short = explain(`{"extends": "okta"}`)
	// long takes some seconds to compute.
	long = explain(`{"extends": [` + strings.Repeat(`"okta",`, 3_000_000) + `"okta"]}`)
	asks = call("admin.profile", nil)
)

func nobody([]byte) ([]byte, error) { return []byte(`{"error":"nobody answers"}`), nil }

func fresh(t *testing.T, limit time.Duration) *Instance {
	t.Helper()
	made, err := code.New(limit)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestAnInstanceFromTheImageAnswersAsOneThatPreparedItself(t *testing.T) {
	first, err := code.start(Computing)
	if err != nil {
		t.Fatal(err)
	}
	wanted, err := first.Call(t.Context(), short, nobody)
	if err != nil || !strings.HasPrefix(string(wanted), `{"return":{"ok":`) {
		t.Fatal(string(wanted), err)
	}
	found, err := fresh(t, Computing).Call(t.Context(), short, nobody)
	if err != nil || string(found) != string(wanted) {
		t.Fatal(string(found), err)
	}
}

func TestTimeIsBounded(t *testing.T) {
	_, err := fresh(t, time.Millisecond).Call(t.Context(), long, nobody)
	if !errors.Is(err, ErrFault) {
		t.Fatal(err)
	}
}

func TestWaitingDoesNotCount(t *testing.T) {
	const limit = 50 * time.Millisecond
	waits := func([]byte) ([]byte, error) {
		for began := time.Now(); time.Since(began) < 2*limit; {
		}
		return nobody(nil)
	}
	// Of computing there is less than a millisecond.
	answer, err := fresh(t, limit).Call(t.Context(), asks, waits)
	if err != nil || !strings.Contains(string(answer), "unavailable") {
		t.Fatal(string(answer), err)
	}
}

func TestACancelledContextEndsACall(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the client went away")
	cancel(gone)
	pool := code.NewPool(4, Computing)
	_, err := pool.Call(ctx, "acme", long, nobody)
	if !errors.Is(err, gone) {
		t.Fatal(err)
	}
	if kept := pool.Tenants(); len(kept) > 0 {
		t.Fatal("the instance is kept")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	_, err := fresh(t, Computing).Call(t.Context(), make([]byte, 257<<20), nobody)
	if !errors.Is(err, ErrFault) {
		t.Fatal(err)
	}
}

func TestALargeInstanceIsNotKept(t *testing.T) {
	pool := code.NewPool(4, Computing)
	for kept, profile := range []string{strings.Repeat(" ", KeptBytes), "{}"} {
		if _, err := pool.Call(t.Context(), "acme", explain(profile), nobody); err != nil {
			t.Fatal(err)
		}
		if found := len(pool.Tenants()); found != kept {
			t.Fatalf("%d are kept, not %d", found, kept)
		}
	}
}

func TestAFailedCallThrowsItsInstanceAway(t *testing.T) {
	pool := code.NewPool(4, Computing)
	mistake := errors.New("a mistake")
	fails := func([]byte) ([]byte, error) { return nil, mistake }
	if _, err := pool.Call(t.Context(), "acme", asks, fails); !errors.Is(err, mistake) {
		t.Fatal(err)
	}
	panics := func([]byte) ([]byte, error) { panic(mistake) }
	func() {
		defer func() {
			if recover() != any(mistake) {
				t.Error("the panic is another one")
			}
		}()
		_, _ = pool.Call(t.Context(), "acme", asks, panics)
	}()
	if kept := pool.Tenants(); len(kept) > 0 {
		t.Fatal("an instance is kept")
	}
	if _, err := pool.Call(t.Context(), "acme", short, nobody); err != nil {
		t.Fatal(err)
	}
}

func TestInstancesServeOneTenantAndTheOldestGoes(t *testing.T) {
	pool := code.NewPool(2, Computing)
	for _, tenant := range []string{"a", "b", "a", "c"} {
		if _, err := pool.Call(t.Context(), tenant, short, nobody); err != nil {
			t.Fatal(err)
		}
	}
	if kept := pool.Tenants(); !slices.Equal(kept, []string{"a", "c"}) {
		t.Fatal(kept)
	}
	if _, err := code.NewPool(0, Computing).Call(t.Context(), "a", short, nobody); err != nil {
		t.Fatal(err)
	}
}

func TestSixteenGoroutinesGetTheirOwnAnswers(t *testing.T) {
	pool := code.NewPool(16, Computing)
	var group sync.WaitGroup
	for number := range 16 {
		group.Add(1)
		go func() {
			defer group.Done()
			mine := fmt.Errorf("of %d", number)
			for range 20 {
				answer, err := pool.Call(t.Context(), "acme", asks, func([]byte) ([]byte, error) {
					if number%2 == 1 {
						return nil, mine
					}
					return nobody(nil)
				})
				if number%2 == 1 && err != mine ||
					number%2 == 0 && !strings.Contains(string(answer), "unavailable") {
					t.Errorf("%d got %s, %v", number, answer, err)
				}
			}
		}()
	}
	group.Wait()
}

// older is a module of another version.
type older struct{ Module }

func (older) Xabi_version() int32 { return abiVersion - 1 }

func TestAPreparationThatFailedIsTriedAgain(t *testing.T) {
	starts := 0
	code := NewCode(func(imports Imports) Module {
		if starts++; starts == 1 {
			return older{module.New(imports)}
		}
		return module.New(imports)
	}, `{"call":"provider.prepare"}`)
	if _, err := code.New(Computing); err == nil {
		t.Fatal("it did not fail")
	}
	for range 2 {
		if _, err := code.New(Computing); err != nil {
			t.Fatal(err)
		}
	}
	// Once for the failure, once for the image, and for the two instances.
	if starts != 4 {
		t.Fatalf("there were %d starts", starts)
	}
}
