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

// timed does work once for each line of the standard input, and prints how many containers it found
// and how many nanoseconds that took.
func timed(work func() (int, error)) error {
	return eachLine(func() error {
		begin := time.Now()
		found, err := work()
		if err == nil {
			fmt.Println(found, time.Since(begin).Nanoseconds())
		}
		return err
	})
}

// loadEach is what `runsc list` does.
func loadEach(arguments []string) error {
	return timed(func() (int, error) {
		ids, err := container.List(arguments[0])
		for _, id := range ids {
			if _, err := container.Load(arguments[0], id, exactly); err != nil {
				return 0, err
			}
		}
		return len(ids), err
	})
}

func listOften(arguments []string) error {
	return timed(func() (int, error) {
		ids, err := container.List(arguments[0])
		return len(ids), err
	})
}

// loadOften loads one container a hundred times.
func loadOften(arguments []string) error {
	const times = 100
	return timed(func() (int, error) {
		for i := 0; i < times; i++ {
			if _, err := container.Load(arguments[0], fullID(arguments[1:]), exactly); err != nil {
				return 0, err
			}
		}
		return times, nil
	})
}
