// Package guard bounds what a WebAssembly module may use that tools/translate has translated to Go.
//
// The translation keeps the sandbox: the module reaches its own memory, whose every access is
// checked, and the one import. What it may use beside that is bounded here: a loop or a recursion
// ends when the module is interrupted, and calls nest only so deep.
package guard

import (
	"errors"
	"sync/atomic"
)

var (
	// ErrInterrupted is the panic of a module that was interrupted.
	ErrInterrupted = errors.New("interrupted")
	// ErrTooDeep is the panic of a module whose calls nest too deep.
	ErrTooDeep = errors.New("calls nest too deep")
)

// maxDepth bounds calls that use Go's stack and none of the module's own, which is 1 MiB. Go ends
// the process where its stack is full.
const maxDepth = 1 << 17

// Guard is what the translated functions look at.
type Guard struct {
	interrupted atomic.Bool
	depth       int
}

// Interrupt lets the module panic with ErrInterrupted where it next repeats or recurs. Any
// goroutine may call it. The module is of no use from then on.
func (g *Guard) Interrupt() { g.interrupted.Store(true) }

// Check panics if the module was interrupted.
func (g *Guard) Check() {
	if g.interrupted.Load() {
		panic(ErrInterrupted)
	}
}

// Enter notes that a function begins, and panics if it is too deep.
func (g *Guard) Enter() {
	g.depth++
	if g.depth > maxDepth {
		panic(ErrTooDeep)
	}
}

// Leave notes that a function ends.
func (g *Guard) Leave() { g.depth-- }
