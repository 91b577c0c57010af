// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"gvisor.dev/gvisor/runsc/container"
)

func create(arguments []string) error {
	state := stateFile(arguments)
	if err := state.LockForNew(); err != nil {
		return err
	}
	defer state.UnlockOrDie()
	return state.SaveLocked(&container.Container{
		ID:     state.ID.ContainerID,
		Status: container.Status(arguments[3]),
		Saver:  container.StateFile{RootDir: state.RootDir, ID: state.ID},
	})
}

func destroy(arguments []string) error {
	state := stateFile(arguments)
	if err := state.Lock(); err != nil {
		return err
	}
	defer state.UnlockOrDie()
	return state.Destroy()
}

func hold(arguments []string) error {
	state := stateFile(arguments)
	if err := state.Lock(); err != nil {
		return err
	}
	defer state.UnlockOrDie()
	say("held")
	return nil
}

func holdDestroy(arguments []string) error {
	state := stateFile(arguments)
	if err := state.Lock(); err != nil {
		return err
	}
	defer state.UnlockOrDie()
	say("held")
	return state.Destroy()
}

// increment adds to n under the lock, with what it read under the same lock. Only this careful
// order, which gVisor's commands do not keep, loses nothing.
func increment(arguments []string) error {
	times, err := strconv.Atoi(arguments[3])
	if err != nil {
		return err
	}
	say("ready")
	for i := 0; i < times; i++ {
		if err := change(stateFile(arguments), func(c *container.Container) { c.N++ }); err != nil {
			return err
		}
	}
	return nil
}

// rewrite replaces a document over and over, with lengths that differ, until it is sent a line.
func rewrite(arguments []string) error {
	ended := make(chan struct{})
	go func() {
		say("ready")
		close(ended)
	}()
	for {
		select {
		case <-ended:
			return nil
		default:
		}
		err := change(stateFile(arguments), func(c *container.Container) {
			c.N++
			c.Padding = strings.Repeat("x", c.N%8*1000)
		})
		if err != nil {
			return err
		}
	}
}

// change is lock, read, SaveLocked, unlock.
func change(state *container.StateFile, edit func(*container.Container)) error {
	if err := state.Lock(); err != nil {
		return err
	}
	defer state.UnlockOrDie()
	text, err := os.ReadFile(state.Path())
	if err != nil {
		return err
	}
	var found container.Container
	if err := json.Unmarshal(text, &found); err != nil {
		return err
	}
	edit(&found)
	return state.SaveLocked(&found)
}

// loadThenSave is the order of gVisor's commands: load, which releases the lock again, and much
// later lock and save what was loaded.
func loadThenSave(arguments []string) error {
	state := stateFile(arguments)
	found, err := container.Load(state.RootDir, state.ID, exactly)
	if err != nil {
		return err
	}
	say("loaded")
	if err := state.Lock(); err != nil {
		return err
	}
	defer state.UnlockOrDie()
	found.Status = container.Status(arguments[3])
	return state.SaveLocked(found)
}

// storm creates the container if it is absent and else destroys it, and prints how often somebody
// else was inside at the same time: whoever is inside has made the file MARKER. Destroy is not
// inside: with its second step, the unlink of the lock file, others may come in.
func storm(arguments []string) error {
	times, err := strconv.Atoi(arguments[4])
	if err != nil {
		return err
	}
	say("ready")
	overlaps := 0
	for i := 0; i < times; i++ {
		alone, err := stormOnce(stateFile(arguments), arguments[3])
		if err != nil {
			return err
		}
		if !alone {
			overlaps++
		}
	}
	fmt.Println(overlaps)
	return nil
}

func stormOnce(state *container.StateFile, markerPath string) (alone bool, err error) {
	if err := state.Lock(); err != nil {
		return false, err
	}
	defer state.UnlockOrDie()
	marker, err := os.OpenFile(markerPath, os.O_CREATE|os.O_EXCL, 0600)
	alone = err == nil
	_, err = os.Stat(state.Path())
	absent := errors.Is(err, os.ErrNotExist)
	if absent {
		if err := state.SaveLocked(&container.Container{ID: state.ID.ContainerID}); err != nil {
			return alone, err
		}
	}
	if alone {
		marker.Close()
		os.Remove(markerPath)
	}
	if absent {
		return alone, nil
	}
	return alone, state.Destroy()
}
