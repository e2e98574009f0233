# tests: unit (cmocka), cli (bats), node (real servers), fuzz (libFuzzer); see tests/run.
include tests/unit/local.mk
