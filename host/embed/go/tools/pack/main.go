// Command pack makes modules' files of a module proxy: pack FOLDER VERSION.go SOURCES….
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

var constant = regexp.MustCompile(`(?m)^const Version = "(.+)"$`)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 4 {
		log.Fatal("usage: pack FOLDER VERSION.go SOURCES…")
	}
	version, err := versionIn(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	for _, sources := range os.Args[3:] {
		if err := pack(sources, os.Args[1], version); err != nil {
			log.Fatal(err)
		}
	}
}

// versionIn returns the version that a file of Go declares, as modules write it.
func versionIn(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	found := constant.FindSubmatch(text)
	if found == nil {
		return "", fmt.Errorf("%s declares no Version", path)
	}
	return "v" + string(found[1]), nil
}

// pack writes VERSION.info, .mod and .zip, and the list of versions
// (https://go.dev/ref/mod#goproxy-protocol). The same sources give the same files.
func pack(sources, folder, version string) error {
	requirements, err := os.ReadFile(filepath.Join(sources, "go.mod"))
	if err != nil {
		return err
	}
	if err := agree(requirements, version); err != nil {
		return err
	}
	path := modfile.ModulePath(requirements)
	target := filepath.Join(folder, filepath.FromSlash(path), "@v")
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		version + ".info": []byte(`{"Version":"` + version + `"}`),
		version + ".mod":  requirements,
		"list":            []byte(version + "\n"),
	} {
		if err := os.WriteFile(filepath.Join(target, name), content, 0o644); err != nil {
			return err
		}
	}
	file, err := os.Create(filepath.Join(target, version+".zip"))
	if err != nil {
		return err
	}
	made := zip.CreateFromDir(file, module.Version{Path: path, Version: version}, sources)
	return errors.Join(made, file.Close())
}

// agree returns an error if a go.mod requires another version of scimlet's own module.
func agree(requirements []byte, version string) error {
	file, err := modfile.Parse("go.mod", requirements, nil)
	if err != nil {
		return err
	}
	for _, one := range file.Require {
		if one.Mod.Path == "scimlet.dev/scimlet" && one.Mod.Version != version {
			return fmt.Errorf("%s requires %v, not %s", file.Module.Mod.Path, one.Mod, version)
		}
	}
	return nil
}
