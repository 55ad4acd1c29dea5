// Command pack makes a module's files of a module proxy: pack SOURCES FOLDER.
package main

import (
	"errors"
	"log"
	"os"
	"path/filepath"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const version = "v0.1.0"

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: pack SOURCES FOLDER")
	}
	if err := pack(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

// pack writes VERSION.info, .mod and .zip, and the list of versions
// (https://go.dev/ref/mod#goproxy-protocol). The same sources give the same files.
func pack(sources, folder string) error {
	requirements, err := os.ReadFile(filepath.Join(sources, "go.mod"))
	if err != nil {
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
