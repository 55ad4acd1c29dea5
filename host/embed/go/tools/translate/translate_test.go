package main

import (
	"strings"
	"testing"
)

// translated is what wasm2go writes, in little.
const translated = `package module

import (
	"math"
)

type Module struct {
	g0 int32
}

func New() {
	m.elements = [][]any{{m.fn3}}
}

const maxMem = 65536

func (m *Module) fn0(v0 int32) int32 {
l1:
	v0 = m.fn1(v0)
	if v0 != 0 {
		goto l1
	}
	goto l2
l2:
	return v0
}
func (m *Module) fn1(v0 int32) int32 {
	return m.fn2(v0)
}
func (m *Module) fn2(v0 int32) int32 {
	return m.fn1(v0)
}
func (m *Module) fn3(v0 int32) {
	m.g0 = v0
	m.t0[uint(v0)].(func(int32))(v0)
}
func (m *Module) fn4() {
	m.fn0(1)
}
`

// body returns the lines of a function.
func body(t *testing.T, text, name string) string {
	t.Helper()
	_, rest, isThere := strings.Cut(text, "func (m *Module) "+name+"(")
	if !isThere {
		t.Fatalf("there is no %s", name)
	}
	found, _, _ := strings.Cut(rest, "\n}\n")
	return found
}

func TestLoopsAndRecursionsAreChecked(t *testing.T) {
	text, err := guarded(translated)
	if err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string][2]int{
		"fn0": {1, 0}, // The jump back.
		"fn1": {1, 1}, // It takes no room on the module's stack.
		"fn2": {1, 1},
		"fn3": {1, 0}, // It takes some, and may call itself by the table.
		"fn4": {0, 0},
	} {
		found := body(t, text, name)
		checks, depths := strings.Count(found, "m.Check()"), strings.Count(found, "m.Enter()")
		if checks != wanted[0] || depths != wanted[1] {
			t.Errorf("%s has %d checks, %d of depth:\n%s", name, checks, depths, found)
		}
	}
	if !strings.Contains(body(t, text, "fn0"), "m.Check()\n\t\tgoto l1") {
		t.Error("the check is not before the jump back")
	}
	if !strings.Contains(text, "const maxMem = 4096\n") {
		t.Error("the memory has no bound")
	}
}

func TestWhatCannotBeCheckedIsRefused(t *testing.T) {
	for name, changed := range map[string]string{
		"a loop without the module": strings.Replace(
			translated, "func (m *Module) fn0(v0", "func fn0(v0", 1),
		"no loops":       strings.ReplaceAll(translated, "goto l1", "continue l1"),
		"no table":       strings.Replace(translated, "m.elements", "m.table", 1),
		"other memory":   strings.Replace(translated, "maxMem", "mostMemory", 1),
		"no imports":     strings.Replace(translated, "import (", "import \"math\" // (", 1),
		"another module": strings.Replace(translated, "Module struct", "Instance struct", 1),
	} {
		if _, err := guarded(changed); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}
