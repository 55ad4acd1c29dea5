// Package cluster runs a private cluster of PostgreSQL in a folder of its own, reached through a
// socket there.
package cluster

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"

	_ "github.com/jackc/pgx/v5/stdlib" // The driver pgx.
)

const settings = `
listen_addresses = ''
unix_socket_directories = '%s'
max_connections = 200
fsync = off
full_page_writes = off
deadlock_timeout = 100ms
`

// ErrNone says that there is no PostgreSQL on this machine.
var ErrNone = errors.New("there is no PostgreSQL here")

// Cluster is a running cluster, with trust for everyone who reaches its folder.
type Cluster struct {
	programs, folder string
	// owner runs it: PostgreSQL refuses to run as root.
	owner *syscall.Credential
	made  atomic.Int32
}

// Start makes and starts a cluster.
func Start() (*Cluster, error) {
	programs, err := programs()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "scimlet-pg-")
	if err != nil {
		return nil, err
	}
	made := &Cluster{programs: programs, folder: folder}
	if err := made.start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return made, nil
}

func (c *Cluster) start() error {
	if os.Geteuid() == 0 {
		owner, err := user.Lookup("postgres")
		if err != nil {
			return err
		}
		uid, _ := strconv.Atoi(owner.Uid)
		gid, _ := strconv.Atoi(owner.Gid)
		c.owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(c.folder, uid, gid); err != nil {
			return err
		}
	}
	err := c.run("initdb", "-D", c.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
		"--no-sync", "--locale=C")
	if err != nil {
		return err
	}
	configuration := filepath.Join(c.data(), "postgresql.conf")
	file, err := os.OpenFile(configuration, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, settings, c.folder)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	log := filepath.Join(c.folder, "log")
	return c.run("pg_ctl", "-D", c.data(), "-l", log, "-w", "-t", "60", "-s", "start")
}

// Stop ends the cluster and removes it.
func (c *Cluster) Stop() error {
	err := c.run("pg_ctl", "-D", c.data(), "-w", "-m", "immediate", "-s", "stop")
	return errors.Join(err, os.RemoveAll(c.folder))
}

// Database makes an empty database, and returns its URL.
func (c *Cluster) Database() (string, error) {
	db, err := sql.Open("pgx", c.url("postgres"))
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("db%d", c.made.Add(1))
	_, err = db.Exec("CREATE DATABASE " + name)
	return c.url(name), errors.Join(err, db.Close())
}

func (c *Cluster) url(database string) string {
	return fmt.Sprintf("postgres://postgres@/%s?host=%s", database, c.folder)
}

func (c *Cluster) data() string { return filepath.Join(c.folder, "data") }

func (c *Cluster) run(program string, arguments ...string) error {
	command := exec.Command(filepath.Join(c.programs, program), arguments...)
	command.Dir = c.folder
	command.SysProcAttr = &syscall.SysProcAttr{Credential: c.owner}
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	return nil
}

// programs returns the folder of PostgreSQL's programs: of the PATH, or Debian's newest.
func programs() (string, error) {
	if found, err := exec.LookPath("initdb"); err == nil {
		real, err := filepath.EvalSymlinks(found)
		return filepath.Dir(real), err
	}
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(folders) == 0 {
		return "", errors.Join(ErrNone, err)
	}
	version := func(path string) int {
		number, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return number
	}
	newest := slices.MaxFunc(folders, func(a, b string) int {
		return cmp.Compare(version(a), version(b))
	})
	return filepath.Dir(newest), nil
}
