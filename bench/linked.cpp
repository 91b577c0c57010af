// SPDX-License-Identifier: Apache-2.0
//
// Does nothing, with the libraries that the command is linked with: what of its start is theirs.
#include <simdjson.h>

int main(int, char** argv) { return simdjson::validate_utf8(argv[0], 1) ? 0 : 1; }
