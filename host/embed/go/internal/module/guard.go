// Package module is scimlet's WebAssembly module, translated to Go by tools/translate.
//
// The translation keeps the sandbox: the module reaches its own memory, whose every access is
// checked, and the one import. What it may use beside that is bounded here: a loop or a recursion
// ends when the module is interrupted, and calls nest only so deep.
package module

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

// guard is what the translated functions look at.
type guard struct {
	interrupted atomic.Bool
	depth       int
}

// Interrupt lets the module panic with ErrInterrupted where it next repeats or recurs. Any
// goroutine may call it. The module is of no use from then on.
func (g *guard) Interrupt() { g.interrupted.Store(true) }

func (g *guard) check() {
	if g.interrupted.Load() {
		panic(ErrInterrupted)
	}
}

func (g *guard) enter() {
	g.depth++
	if g.depth > maxDepth {
		panic(ErrTooDeep)
	}
}

func (g *guard) leave() { g.depth-- }
