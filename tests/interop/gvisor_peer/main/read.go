// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"time"

	"gvisor.dev/gvisor/runsc/container"
)

var exactly = container.LoadOpts{Exact: true, SkipCheck: true}

func list(arguments []string) error {
	ids, err := container.List(arguments[0])
	for _, id := range ids {
		fmt.Println(id.String())
	}
	return err
}

func load(arguments []string) error {
	found, err := container.Load(arguments[0], fullID(arguments[1:]), exactly)
	if err != nil {
		return err
	}
	text, err := json.Marshal(found)
	fmt.Println(string(text))
	return err
}

// find is what `runsc state TEXT` does to an id as a person types it.
func find(arguments []string) error {
	id := container.FullID{ContainerID: arguments[1]}
	found, err := container.Load(arguments[0], id, container.LoadOpts{SkipCheck: true})
	if err == nil {
		fmt.Println(found.ID)
	}
	return err
}

func sandbox(arguments []string) error {
	found, err := container.LoadSandbox(arguments[0], arguments[1])
	for _, one := range found {
		fmt.Println(one.ID)
	}
	return err
}

// loadEach is what `runsc list` does, once for each line of the standard input; it prints how many
// containers it loaded and how many nanoseconds that took.
func loadEach(arguments []string) error {
	return eachLine(func() error {
		begin := time.Now()
		ids, err := container.List(arguments[0])
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := container.Load(arguments[0], id, exactly); err != nil {
				return err
			}
		}
		fmt.Println(len(ids), time.Since(begin).Nanoseconds())
		return nil
	})
}
