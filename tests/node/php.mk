# PHP instances by hand, for tests/node/php.bats and tests/systemd/instances.bats.
check_PROGRAMS += tests/node/instance tests/node/door-run
tests_node_door_run_LDADD = lib/libhp.la
tests_node_instance_LDADD = lib/libhp.la
EXTRA_DIST += tests/node/php.bats tests/node/php-site.bats tests/node/service.bats tests/node/door.bats tests/systemd/instances.bats tests/systemd/lib.bash \
	tests/systemd/apache.bats tests/systemd/php-paths.bats tests/systemd/site.bats tests/systemd/site.php \
	tests/systemd/syscalls.bats
