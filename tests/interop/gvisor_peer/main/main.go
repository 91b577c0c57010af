// SPDX-License-Identifier: Apache-2.0

// gvisor_peer COMMAND ARGUMENT…: gVisor's side of a root that two implementations share.
//
// A command that waits says so in one line ("held", "loaded", "ready") and goes on when it is sent
// one. Exit codes: 0 done, 1 failed, 2 usage, 3 no such container.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"

	"gvisor.dev/gvisor/runsc/container"
)

type command struct {
	arguments string
	count     int
	run       func(arguments []string) error
}

var commands = map[string]command{
	"list":           {"ROOT", 1, list},
	"load":           {"ROOT SANDBOX CONTAINER", 3, load},
	"find":           {"ROOT TEXT", 2, find},
	"sandbox":        {"ROOT SANDBOX", 2, sandbox},
	"list-often":     {"ROOT", 1, listOften},
	"load-each":      {"ROOT", 1, loadEach},
	"load-often":     {"ROOT SANDBOX CONTAINER", 3, loadOften},
	"create":         {"ROOT SANDBOX CONTAINER STATUS", 4, create},
	"destroy":        {"ROOT SANDBOX CONTAINER", 3, destroy},
	"history":        {"ROOT SANDBOX CONTAINER FIRST TIMES keep|destroy", 6, history},
	"hold":           {"ROOT SANDBOX CONTAINER", 3, hold},
	"hold-destroy":   {"ROOT SANDBOX CONTAINER", 3, holdDestroy},
	"increment":      {"ROOT SANDBOX CONTAINER TIMES", 4, increment},
	"load-then-save": {"ROOT SANDBOX CONTAINER STATUS", 4, loadThenSave},
	"rewrite":        {"ROOT SANDBOX CONTAINER", 3, rewrite},
	"storm":          {"ROOT SANDBOX CONTAINER MARKER TIMES", 5, storm},
}

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	chosen, known := commands[os.Args[1]]
	if !known || len(os.Args) != 2+chosen.count {
		usage()
	}
	err := chosen.run(os.Args[2:])
	switch {
	case err == nil:
	case errors.Is(err, os.ErrNotExist):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	default:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func usage() {
	for name, command := range commands {
		fmt.Fprintln(os.Stderr, "gvisor_peer", name, command.arguments)
	}
	os.Exit(2)
}

// say prints a line and waits for one, or for the end of the input.
func say(word string) {
	fmt.Println(word)
	bufio.NewScanner(os.Stdin).Scan()
}

// eachLine calls do for each line of the standard input.
func eachLine(do func() error) error {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}

// stateFile reads ROOT SANDBOX CONTAINER.
func stateFile(arguments []string) *container.StateFile {
	return &container.StateFile{RootDir: arguments[0], ID: fullID(arguments[1:])}
}

func fullID(arguments []string) container.FullID {
	return container.FullID{SandboxID: arguments[0], ContainerID: arguments[1]}
}
