/* A pool for each test, as cmocka's set-up and tear-down functions. */
#ifndef HP_TESTS_UNIT_POOL_H
#define HP_TESTS_UNIT_POOL_H

#include "unit.h"

static struct hp_pool *pool;

static int setup(void **state HP_UNUSED)
{
	pool = hp_pool_new();
	return 0;
}

static int teardown(void **state HP_UNUSED)
{
	hp_pool_free(pool);
	return 0;
}

#endif
