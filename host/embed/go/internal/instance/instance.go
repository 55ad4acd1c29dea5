// Package instance runs a module of scimlet's: texts that go in and come out (wit/module.md), and a
// pool of instances.
package instance

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"scimlet.dev/scimlet/internal/guard"
)

const (
	// Computing is the time that a call may compute. Waiting for the database does not count.
	Computing = 10 * time.Second
	// KeptBytes is the most memory of an instance that is kept.
	KeptBytes  = 16 << 20
	abiVersion = 1
	pageBytes  = 1 << 16
)

// ErrFault is the error of a call that ended without an answer.
var ErrFault = errors.New("scimlet ended without an answer")

// Answer answers a call that the module makes, text for text. After an error the module's own call
// ends with that error.
type Answer func(text []byte) ([]byte, error)

// Module is a module that tools/translate has translated.
type Module interface {
	Xabi_version() int32
	Xallocate(length int32) int32
	Xcall(address, length int32) int64
	Xfree(address, length int32)
	// Slice is the memory.
	Slice() *[]byte
	Grow(pages, most int64) int64
	Interrupt()
}

// Imports is what a module imports.
type Imports interface {
	Xcall(address, length int32) int64
}

// Code makes instances of a module.
type Code struct {
	make         func(imports Imports) Module
	preparations []string
	mutex        sync.Mutex
	// image is the memory of an instance that is prepared, once there is one.
	image []byte
}

// NewCode returns the code of a module, whose instances start from the memory of one that was called
// with these texts.
func NewCode(module func(imports Imports) Module, preparations ...string) *Code {
	return &Code{make: module, preparations: preparations}
}

// prepared returns the memory of an instance that is prepared. After a failure the next call tries
// it again.
func (c *Code) prepared() ([]byte, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.image != nil {
		return c.image, nil
	}
	first, err := c.start(Computing)
	if err != nil {
		return nil, err
	}
	nobody := func([]byte) ([]byte, error) { return nil, ErrFault }
	for _, text := range c.preparations {
		if _, err := first.Call(context.Background(), []byte(text), nobody); err != nil {
			return nil, err
		}
	}
	c.image = slices.Clone(*first.module.Slice())
	return c.image, nil
}

// Instance runs one call at a time. It is of no use after a call that did not return normally.
type Instance struct {
	module Module
	limit  time.Duration
	answer Answer
	// isOutside is whether code of others runs: its panics are theirs.
	isOutside bool
	// left is what the call may still compute, since resumed.
	left    time.Duration
	resumed time.Time
	timer   *time.Timer
}

// aborted is the panic that ends a call whose question was answered by an error.
type aborted struct{ err error }

// New returns a fresh instance, whose calls may compute for so long.
func (c *Code) New(limit time.Duration) (*Instance, error) {
	image, err := c.prepared()
	if err != nil {
		return nil, err
	}
	fresh, err := c.start(limit)
	if err != nil {
		return nil, err
	}
	if missing := len(image) - fresh.Size(); missing > 0 {
		fresh.module.Grow(int64((missing+pageBytes-1)/pageBytes), int64(len(image)/pageBytes))
	}
	copy(*fresh.module.Slice(), image)
	return fresh, nil
}

func (c *Code) start(limit time.Duration) (*Instance, error) {
	fresh := &Instance{limit: limit}
	fresh.module = c.make(importer{fresh})
	fresh.timer = time.AfterFunc(time.Hour, fresh.module.Interrupt)
	fresh.timer.Stop()
	if version := fresh.module.Xabi_version(); version != abiVersion {
		return nil, fmt.Errorf("the module has version %d, not %d", version, abiVersion)
	}
	return fresh, nil
}

// Size returns the bytes of memory.
func (i *Instance) Size() int { return len(*i.module.Slice()) }

// Call passes a text to the module, whose own calls answer answers, and returns the module's
// answer. The error is ErrFault, the cause of ctx, or what answer returned.
func (i *Instance) Call(ctx context.Context, text []byte, answer Answer) (_ []byte, err error) {
	i.answer, i.left = answer, i.limit
	stop := context.AfterFunc(ctx, i.module.Interrupt)
	defer func() {
		inTime := i.timer.Stop()
		if !stop() || (err == nil && !inTime) {
			// An interruption is under way, and would meet the next call.
			i.module = nil
		}
	}()
	defer func() {
		if !i.isOutside {
			err = i.ended(ctx, recover(), err)
		}
	}()
	i.resume()
	address, length := i.put(text)
	packed := uint64(i.module.Xcall(address, length))
	address, length = int32(packed>>32), int32(packed)
	returned := slices.Clone(i.read(address, length))
	i.module.Xfree(address, length)
	return returned, nil
}

// ended returns the error of a call with this panic, if there was one.
func (i *Instance) ended(ctx context.Context, recovered any, err error) error {
	switch recovered := recovered.(type) {
	case nil:
		return err
	case aborted:
		return recovered.err
	default:
		if recovered != guard.ErrInterrupted {
			return fmt.Errorf("%w: %v", ErrFault, recovered)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("%w: it computed for more than %v", ErrFault, i.limit)
	}
}

// importer is the module's import.
type importer struct{ instance *Instance }

// Xcall answers a call that the module makes.
func (n importer) Xcall(address, length int32) int64 {
	i := n.instance
	i.left -= time.Since(i.resumed)
	if !i.timer.Stop() {
		panic(guard.ErrInterrupted)
	}
	text := i.read(address, length)
	i.isOutside = true
	answer, err := i.answer(text)
	i.isOutside = false
	if err != nil {
		panic(aborted{err})
	}
	i.resume()
	address, length = i.put(answer)
	return int64(address)<<32 | int64(length)
}

func (i *Instance) resume() {
	i.resumed = time.Now()
	i.timer.Reset(max(i.left, 0))
}

func (i *Instance) put(text []byte) (address, length int32) {
	if len(text) > math.MaxInt32 {
		panic("a text of more than 2 GiB")
	}
	address, length = i.module.Xallocate(int32(len(text))), int32(len(text))
	copy(i.read(address, length), text)
	return address, length
}

// read returns a text in the module's memory; it is valid until the module runs again.
func (i *Instance) read(address, length int32) []byte {
	begin := uint64(uint32(address))
	return (*i.module.Slice())[begin : begin+uint64(uint32(length))]
}
