# Fuzzers of the model; built with --enable-fuzzers, run by tests/fuzz/run.
if FUZZERS
model_fuzzers = tests/fuzz/fuzz-domain tests/fuzz/fuzz-field tests/fuzz/fuzz-state
check_PROGRAMS += $(model_fuzzers)
model_fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_domain_LDFLAGS = $(model_fuzz_ldflags)
tests_fuzz_fuzz_domain_LDADD = lib/libhp.la
tests_fuzz_fuzz_field_LDFLAGS = $(model_fuzz_ldflags)
tests_fuzz_fuzz_field_LDADD = lib/libhp.la
tests_fuzz_fuzz_state_LDFLAGS = $(model_fuzz_ldflags)
tests_fuzz_fuzz_state_LDADD = lib/libhp.la
endif
EXTRA_DIST += tests/fuzz/corpus/domain tests/fuzz/corpus/field tests/fuzz/corpus/state
