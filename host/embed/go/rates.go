package scimlet

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	// ratedTenants is how many tenants with a limit are remembered.
	ratedTenants = 1 << 16
	// mostDebt is the most seconds of requests that are owed.
	mostDebt = 60
)

// rates counts the requests of each tenant whose profile limits them (x-scimlet-rate in
// wit/http.wit), in this process.
type rates struct {
	mutex   sync.Mutex
	buckets map[string]*bucket
	now     func() time.Time
}

// bucket is what is left to a tenant's clients together.
type bucket struct {
	// rate is the requests a second, which is also the most at once.
	rate float64
	// left is negative after a request that cost more than was left.
	left float64
	at   time.Time
	// policy is what clients are told; empty if they are not.
	policy string
}

func newRates() *rates {
	return &rates{buckets: map[string]*bucket{}, now: time.Now}
}

// hasLimit is whether requests of the tenant's clients are counted.
func (r *rates) hasLimit(tenant string) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.buckets[tenant] != nil
}

// admit takes a request from what is left; it returns a response if nothing is.
func (r *rates) admit(tenant string) *Response {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	bucket := r.buckets[tenant]
	if bucket == nil {
		return nil
	}
	bucket.charge(0, r.now())
	if bucket.left >= 1 {
		bucket.left--
		return nil
	}
	refused := problemResponse(429, "the tenant's clients ask more often than they may")
	wait := math.Ceil((1 - bucket.left) / bucket.rate)
	refused.Header.Set("Retry-After", strconv.Itoa(int(wait)))
	if bucket.policy != "" {
		refused.Header.Set("Ratelimit", bucket.header())
		refused.Header.Set("Ratelimit-Policy", bucket.policy)
	}
	return refused
}

// settle learns the rate from a response, and counts what the request cost beyond one.
func (r *rates) settle(tenant string, response *Response) {
	rate := number(response.Header, "X-Scimlet-Rate", 0)
	policy := response.Header.Get("Ratelimit-Policy")
	r.mutex.Lock()
	defer r.mutex.Unlock()
	found := r.buckets[tenant]
	switch {
	case rate > 0 && found == nil:
		found = &bucket{rate: rate, left: rate - 1, at: r.now()}
		r.remember(tenant, found)
	case rate == 0 && response.Status < 400:
		delete(r.buckets, tenant)
		return
	case found == nil:
		return
	}
	if rate > 0 {
		found.rate, found.policy = rate, policy
	}
	found.charge(number(response.Header, "X-Scimlet-Cost", 1)-1, r.now())
	if policy != "" {
		response.Header.Set("Ratelimit", found.header())
	}
}

// remember adds a bucket, in place of any other one where there are too many.
func (r *rates) remember(tenant string, added *bucket) {
	for other := range r.buckets {
		if len(r.buckets) < ratedTenants {
			break
		}
		delete(r.buckets, other)
	}
	r.buckets[tenant] = added
}

func (b *bucket) charge(cost float64, now time.Time) {
	left := min(b.left+now.Sub(b.at).Seconds()*b.rate, b.rate) - cost
	b.left, b.at = max(left, -mostDebt*b.rate), now
}

// header returns what is left, and the seconds until all is
// (draft-ietf-httpapi-ratelimit-headers).
func (b *bucket) header() string {
	left := max(math.Floor(b.left), 0)
	return fmt.Sprintf(`"default";r=%.0f;t=%.0f`, left, math.Ceil((b.rate-b.left)/b.rate))
}

func number(header http.Header, name string, otherwise float64) float64 {
	found, err := strconv.ParseFloat(header.Get(name), 64)
	if err != nil {
		return otherwise
	}
	return found
}
