// SPDX-License-Identifier: Apache-2.0
//
// Marks what liblatchfile exports; everything else is hidden.
#pragma once

#define LATCHFILE_EXPORT __attribute__((visibility("default")))
