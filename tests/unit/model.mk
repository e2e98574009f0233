# The model and the control plane.
if HAVE_CMOCKA
model_unit_tests = tests/unit/test-domain tests/unit/test-field \
	tests/unit/test-field-map tests/unit/test-state tests/unit/test-state-known tests/unit/test-user
check_PROGRAMS += $(model_unit_tests)
TESTS += $(model_unit_tests)
model_unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
model_unit_ldadd = tests/unit/libunit.la lib/libhp.la $(CMOCKA_LIBS)
tests_unit_test_domain_CFLAGS = $(model_unit_cflags)
tests_unit_test_domain_LDADD = $(model_unit_ldadd)
tests_unit_test_field_SOURCES = tests/unit/test-field.c tests/unit/field.h
tests_unit_test_field_map_SOURCES = tests/unit/test-field-map.c tests/unit/field.h
tests_unit_test_field_map_CFLAGS = $(model_unit_cflags)
tests_unit_test_field_map_LDADD = $(model_unit_ldadd)
tests_unit_test_field_CFLAGS = $(model_unit_cflags)
tests_unit_test_field_LDADD = $(model_unit_ldadd)
tests_unit_test_user_SOURCES = tests/unit/test-user.c tests/unit/field.h
tests_unit_test_user_CFLAGS = $(model_unit_cflags)
tests_unit_test_user_LDADD = $(model_unit_ldadd)
tests_unit_test_state_SOURCES = tests/unit/test-state.c tests/unit/state.h
tests_unit_test_state_known_SOURCES = tests/unit/test-state-known.c tests/unit/state.h
tests_unit_test_state_known_CFLAGS = $(model_unit_cflags)
tests_unit_test_state_known_LDADD = $(model_unit_ldadd)
tests_unit_test_state_CFLAGS = $(model_unit_cflags)
tests_unit_test_state_LDADD = $(model_unit_ldadd)

panel_unit_tests = tests/unit/test-panel tests/unit/test-panel-keys tests/unit/test-panel-login \
	tests/unit/test-panel-users tests/unit/test-panel-walls
check_PROGRAMS += $(panel_unit_tests)
TESTS += $(panel_unit_tests)
panel_unit_cppflags = $(AM_CPPFLAGS) -DHP_TEST_LIBDIR='"$(abs_top_builddir)/lib/db/.libs"'
tests_unit_test_panel_SOURCES = tests/unit/test-panel.c tests/unit/panel.c tests/unit/panel.h
tests_unit_test_panel_CPPFLAGS = $(panel_unit_cppflags)
tests_unit_test_panel_CFLAGS = $(model_unit_cflags)
tests_unit_test_panel_LDADD = $(model_unit_ldadd)
tests_unit_test_panel_keys_SOURCES = tests/unit/test-panel-keys.c tests/unit/panel.c \
	tests/unit/panel.h
tests_unit_test_panel_keys_CPPFLAGS = $(panel_unit_cppflags)
tests_unit_test_panel_keys_CFLAGS = $(model_unit_cflags)
tests_unit_test_panel_keys_LDADD = $(model_unit_ldadd)
tests_unit_test_panel_login_SOURCES = tests/unit/test-panel-login.c tests/unit/panel.c \
	tests/unit/panel.h
tests_unit_test_panel_login_CPPFLAGS = $(panel_unit_cppflags)
tests_unit_test_panel_login_CFLAGS = $(model_unit_cflags)
tests_unit_test_panel_login_LDADD = $(model_unit_ldadd)
tests_unit_test_panel_users_SOURCES = tests/unit/test-panel-users.c tests/unit/panel.c \
	tests/unit/panel.h
tests_unit_test_panel_users_CPPFLAGS = $(panel_unit_cppflags)
tests_unit_test_panel_users_CFLAGS = $(model_unit_cflags)
tests_unit_test_panel_users_LDADD = $(model_unit_ldadd)
tests_unit_test_panel_walls_SOURCES = tests/unit/test-panel-walls.c tests/unit/panel.c \
	tests/unit/panel.h
tests_unit_test_panel_walls_CPPFLAGS = $(panel_unit_cppflags)
tests_unit_test_panel_walls_CFLAGS = $(model_unit_cflags)
tests_unit_test_panel_walls_LDADD = $(model_unit_ldadd)
endif
