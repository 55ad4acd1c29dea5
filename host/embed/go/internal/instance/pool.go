package instance

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Pool keeps idle instances, each of which has served one tenant only.
type Pool struct {
	code  *Code
	limit time.Duration
	most  int
	mutex sync.Mutex
	// idle has the instance that was used last at its end.
	idle []kept
}

type kept struct {
	tenant   string
	instance *Instance
}

// NewPool returns a pool of at most so many idle instances, whose calls may compute for so long.
func (c *Code) NewPool(most int, limit time.Duration) *Pool {
	return &Pool{code: c, limit: limit, most: most}
}

// Call runs a call in an instance of the tenant's. See [Instance.Call].
func (p *Pool) Call(
	ctx context.Context, tenant string, text []byte, answer Answer,
) ([]byte, error) {
	instance := p.take(tenant)
	if instance == nil {
		fresh, err := p.code.New(p.limit)
		if err != nil {
			return nil, err
		}
		instance = fresh
	}
	returned, err := instance.Call(ctx, text, answer)
	if err == nil && instance.module != nil && instance.Size() <= KeptBytes {
		p.keep(kept{tenant, instance})
	}
	return returned, err
}

func (p *Pool) take(tenant string) *Instance {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for place, one := range slices.Backward(p.idle) {
		if one.tenant == tenant {
			p.idle = slices.Delete(p.idle, place, place+1)
			return one.instance
		}
	}
	return nil
}

func (p *Pool) keep(one kept) {
	one.instance.answer = nil
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.idle = append(p.idle, one)
	p.idle = slices.Delete(p.idle, 0, max(len(p.idle)-p.most, 0))
}

// Tenants returns whose instances are idle, that of the latest at the end.
func (p *Pool) Tenants() []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var tenants []string
	for _, one := range p.idle {
		tenants = append(tenants, one.tenant)
	}
	return tenants
}
