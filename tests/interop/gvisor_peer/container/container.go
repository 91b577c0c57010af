// SPDX-License-Identifier: Apache-2.0

// Package container joins gVisor's state_file.go, which is linked into this folder at build time.
// This file declares what it needs from the rest of its package, and exports the steps that
// gVisor's own commands take in between: what a method here does, it does with one or two calls of
// theirs.
package container

import (
	"errors"
	"regexp"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

type Status string

const (
	Created Status = "created"
	Running Status = "running"
	Stopped Status = "stopped"
)

type Sandbox struct {
	ID  string `json:"id"`
	Pid int    `json:"pid"`
}

// Container has the members of gVisor's document that are of use to a test or cost time to decode,
// and two of our own at the end. As in gVisor, a member that it lacks is lost when it is saved.
type Container struct {
	ID        string      `json:"id"`
	Spec      *specs.Spec `json:"spec,omitempty"`
	BundleDir string      `json:"bundleDir,omitempty"`
	CreatedAt time.Time   `json:"createdAt"`
	Owner     string      `json:"owner,omitempty"`
	Status    Status      `json:"status"`
	GoferPid  int         `json:"goferPid,omitempty"`
	Sandbox   *Sandbox    `json:"sandbox,omitempty"`
	Saver     StateFile   `json:"saver"`

	// N counts; Padding makes the length of a document depend on it.
	N       int    `json:"n"`
	Padding string `json:"padding,omitempty"`
}

// The peer never asks whether a container runs: it loads with SkipCheck, as gVisor's `list` does.
func (c *Container) IsSandboxRunning() bool                  { return true }
func (c *Container) SignalContainer(unix.Signal, bool) error { return nil }
func (c *Container) changeStatus(s Status)                   { c.Status = s }

var idPattern = regexp.MustCompile(`^[\w+.-]+$`)

func validateID(id string) error {
	if !idPattern.MatchString(id) {
		return errors.New("invalid id: " + id)
	}
	return nil
}

// Lock is the lock of a state file, as each command takes it that changes a container.
func (s *StateFile) Lock() error { return s.lock() }

// Path is for a read under a lock that the caller already holds. state_file.go has none: its load
// takes the lock itself, so that no command of gVisor's reads and saves under one lock.
func (s *StateFile) Path() string { return s.statePath() }

// LoadSandbox is what `delete` of a sandbox goes through.
func LoadSandbox(rootDir, id string) ([]*Container, error) { return loadSandbox(rootDir, id) }
