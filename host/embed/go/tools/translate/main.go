// Command translate writes a WebAssembly module of scimlet's as Go: translate MODULE.wasm FOLDER.
//
// wasm2go translates. This adds what a sandbox needs beside a memory of its own: checks whether the
// module was interrupted, a bound of its memory, and a bound of the depth of calls.
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// memoryPages is the most memory of the module, in pages of 64 KiB: 256 MiB.
const memoryPages = 4096

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: translate MODULE.wasm FOLDER")
	}
	if err := translate(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func translate(wasm, folder string) error {
	target := filepath.Join(folder, "module.go")
	command := exec.Command("go", "tool", "wasm2go", "-pkg", "module", "-unsafe", "-embed",
		"-o", target, wasm)
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("wasm2go: %w", err)
	}
	text, err := os.ReadFile(target)
	if err != nil {
		return err
	}
	guarded, err := guarded(string(text))
	if err != nil {
		return err
	}
	return os.WriteFile(target, []byte(guarded), 0o644)
}

// guarded adds the checks to a translated module.
func guarded(text string) (string, error) {
	for _, change := range []struct{ before, after string }{
		{"\nimport (\n", "\nimport (\n\t\"scimlet.dev/scimlet/internal/guard\"\n\n"},
		{"\ntype Module struct {\n", "\ntype Module struct {\n\tguard.Guard\n"},
		{"\nconst maxMem = 65536\n", fmt.Sprintf("\nconst maxMem = %d\n", memoryPages)},
	} {
		if strings.Count(text, change.before) != 1 {
			return "", fmt.Errorf("wasm2go writes no %q any more", change.before)
		}
		text = strings.Replace(text, change.before, change.after, 1)
	}
	functions, err := parse(text)
	if err != nil {
		return "", err
	}
	repeats, err := functions.withChecks()
	if err != nil {
		return "", err
	}
	if repeats == 0 {
		return "", fmt.Errorf("wasm2go writes no loops by goto any more")
	}
	return functions.String(), nil
}
