#!/usr/bin/env bats
# What is typed into every field of every form, in a browser (tests/run forms): thousands of times a form is sent, which
# takes many minutes.

load web.bash
load ../lib/corpus.bash

setup_file() { web_browsed; }
teardown_file() { web_down; }
setup() { web_paths; }

@test "whatever is typed into whatever field is text: refused or stored, and nothing of it runs" {
	{ corpus; payloads; } >"$BATS_TEST_TMPDIR/corpus"
	HP_CORPUS=$BATS_TEST_TMPDIR/corpus job hostile
}
