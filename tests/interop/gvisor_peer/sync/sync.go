// SPDX-License-Identifier: Apache-2.0

// Package sync stands in for gVisor's, which for this name is the standard library's.
package sync

import "sync"

type Once = sync.Once
