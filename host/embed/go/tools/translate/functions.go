package main

import (
	"fmt"
	"regexp"
	"strings"
)

// functions is a translated module, its functions and what stands between them.
type functions struct {
	// parts are functions by name, and other text.
	parts  []part
	byName map[string]int
	// table has the functions that are called by their place in a table.
	table []string
}

type part struct {
	// name is empty of what is no function of the module.
	name  string
	lines []string
}

var (
	header   = regexp.MustCompile(`^func (\(m \*Module\) )?(fn\d+|X\w+)\(`)
	named    = regexp.MustCompile(`\bfn\d+\b`)
	call     = regexp.MustCompile(`\b(fn\d+)\(`)
	label    = regexp.MustCompile(`^\s*(l\d+):$`)
	jump     = regexp.MustCompile(`^(\s*)goto (l\d+)$`)
	elements = regexp.MustCompile(`(?m)^\tm\.elements = (.*)$`)
)

const (
	// indirect begins a call of a function in the table.
	indirect = "m.t0["
	// frame begins a change of the pointer into the module's own stack.
	frame = "m.g0 = "
)

// parse finds the functions.
func parse(text string) (*functions, error) {
	found := &functions{byName: map[string]int{}}
	table := elements.FindString(text)
	if table == "" {
		return nil, fmt.Errorf("wasm2go writes no table any more")
	}
	found.table = named.FindAllString(table, -1)
	var current part
	for line := range strings.SplitSeq(text, "\n") {
		if match := header.FindStringSubmatch(line); match != nil {
			found.parts = append(found.parts, current)
			current = part{name: match[2]}
		}
		current.lines = append(current.lines, line)
		if current.name != "" && line == "}" {
			found.byName[current.name] = len(found.parts)
			found.parts = append(found.parts, current)
			current = part{}
		}
	}
	found.parts = append(found.parts, current)
	return found, nil
}

func (f *functions) String() string {
	var lines []string
	for _, part := range f.parts {
		lines = append(lines, part.lines...)
	}
	return strings.Join(lines, "\n")
}

// calls returns the functions that each function may call.
func (f *functions) calls() map[string][]string {
	calls := map[string][]string{}
	for _, part := range f.parts {
		if part.name == "" {
			continue
		}
		calls[part.name] = nil
		for _, line := range part.lines[1:] {
			for _, match := range call.FindAllStringSubmatch(line, -1) {
				calls[part.name] = append(calls[part.name], match[1])
			}
			if strings.Contains(line, indirect) {
				calls[part.name] = append(calls[part.name], f.table...)
			}
		}
	}
	return calls
}

// withChecks adds the checks, and returns how many loops there are. Each cycle of calls has a
// check, too: an interruption ends it. One in which no function takes room on the module's own
// stack, which is small, counts how deep it is.
func (f *functions) withChecks() (loops int, err error) {
	calls := f.calls()
	recursive := cyclic(calls)
	frameless := map[string][]string{}
	for name := range calls {
		if !strings.Contains(strings.Join(f.parts[f.byName[name]].lines, "\n"), frame) {
			frameless[name] = calls[name]
		}
	}
	uncounted := cyclic(frameless)
	for index := range f.parts {
		part := &f.parts[index]
		if part.name == "" {
			continue
		}
		found := part.checkLoops()
		loops += found
		hasModule := strings.HasPrefix(part.lines[0], "func (m *Module)")
		if !hasModule && (found > 0 || recursive[part.name]) {
			return 0, fmt.Errorf("%s repeats, and cannot be interrupted", part.name)
		}
		var first []string
		if recursive[part.name] {
			first = append(first, "\tm.Check()")
		}
		if uncounted[part.name] {
			first = append(first, "\tm.Enter()", "\tdefer m.Leave()")
		}
		part.lines = append(part.lines[:1:1], append(first, part.lines[1:]...)...)
	}
	return loops, nil
}

// checkLoops adds a check before each jump back.
func (p *part) checkLoops() (loops int) {
	var lines []string
	passed := map[string]bool{}
	for _, line := range p.lines {
		if match := label.FindStringSubmatch(line); match != nil {
			passed[match[1]] = true
		}
		if match := jump.FindStringSubmatch(line); match != nil && passed[match[2]] {
			loops++
			lines = append(lines, match[1]+"m.Check()")
		}
		lines = append(lines, line)
	}
	p.lines = lines
	return loops
}

// cyclic returns the functions that may call themselves, directly or by way of others of the graph
// (Tarjan's strongly connected components).
func cyclic(calls map[string][]string) map[string]bool {
	found := map[string]bool{}
	index, low := map[string]int{}, map[string]int{}
	isOpen := map[string]bool{}
	var open []string
	var visit func(name string)
	visit = func(name string) {
		index[name] = len(index) + 1
		low[name] = index[name]
		open, isOpen[name] = append(open, name), true
		for _, called := range calls[name] {
			if _, isThere := calls[called]; !isThere {
				continue
			}
			if called == name {
				found[name] = true
			}
			if index[called] == 0 {
				visit(called)
				low[name] = min(low[name], low[called])
			} else if isOpen[called] {
				low[name] = min(low[name], index[called])
			}
		}
		if low[name] != index[name] {
			return
		}
		size := len(open)
		for open[size-1] != name {
			size--
		}
		component := open[size-1:]
		open = open[:size-1]
		for _, one := range component {
			isOpen[one] = false
			found[one] = found[one] || len(component) > 1
		}
	}
	for name := range calls {
		if index[name] == 0 {
			visit(name)
		}
	}
	return found
}
