// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/runsc/container"
)

// history creates, saves and, if its last argument is "destroy", destroys the container, with
// documents that are numbered from FIRST on. It prints a line for each operation: when it began and
// had ended on CLOCK_MONOTONIC, the number of the document that it found under the lock and of the
// one that it left there, 0 for none; "torn" instead of these numbers if it found no document.
func history(arguments []string) error {
	first, err := strconv.Atoi(arguments[3])
	if err != nil {
		return err
	}
	times, err := strconv.Atoi(arguments[4])
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for number := first; number < first+times; number++ {
		begin, err := monotonic()
		if err != nil {
			return err
		}
		destroys := arguments[5] == "destroy" && number%3 == 0
		effect, err := replaceOnce(stateFile(arguments), number, destroys)
		if err != nil {
			return err
		}
		end, err := monotonic()
		if err != nil {
			return err
		}
		fmt.Fprintln(out, begin, end, effect)
	}
	return nil
}

// replaceOnce leaves the document with this number, or none if there was one and destroys is set.
func replaceOnce(state *container.StateFile, number int, destroys bool) (effect string, err error) {
	if err := state.Lock(); err != nil {
		return "", err
	}
	defer state.UnlockOrDie()
	found := container.Container{ID: state.ID.ContainerID}
	text, err := os.ReadFile(state.Path())
	switch {
	case errors.Is(err, os.ErrNotExist):
		destroys = false
	case err != nil:
		return "", err
	case json.Unmarshal(text, &found) != nil:
		return "torn", state.Destroy()
	}
	if destroys {
		return fmt.Sprint(found.N, 0), state.Destroy()
	}
	before := found.N
	found.N = number
	return fmt.Sprint(before, number), state.SaveLocked(&found)
}

func monotonic() (int64, error) {
	var now unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return now.Nano(), err
}
