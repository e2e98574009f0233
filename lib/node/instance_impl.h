/* Between instance.c and its two ways of running masters. Nobody else includes this. */
#ifndef HP_NODE_INSTANCE_IMPL_H
#define HP_NODE_INSTANCE_IMPL_H

#include "node/instance.h"

/* See instance.h for what each does. in->root is "" in all of them. */
struct hp_instance_ops {
	int (*start)(const struct hp_instances *in, const struct hp_instance *v, size_t n,
		struct hp_err *err);
	/* before many pings: bring the masters up together */
	int (*wake)(const struct hp_instances *in, const struct hp_instance *v, size_t n,
		struct hp_err *err);
	int (*restart)(const struct hp_instances *in, const struct hp_instance *v, size_t n,
		struct hp_err *err);
	int (*stop)(const struct hp_instances *in, const struct hp_instance *v, size_t n,
		bool grace, struct hp_err *err);
	/* fill state and pid of n that have version and user */
	int (*status)(const struct hp_instances *in, struct hp_instance_status *v, size_t n,
		struct hp_err *err);
	/* stop these masters, keep their sockets; NULL where nobody would wake them */
	int (*sleep)(const struct hp_instances *in, const struct hp_instance_status *v, size_t n,
		struct hp_err *err);
};
extern const struct hp_instance_ops hp_instance_systemd, hp_instance_plain;

/* Longest time that a request may take to end when its master stops, in milliseconds. */
unsigned hp_instance_stop_ms(const struct hp_instances *in);
const char *hp_instance_fpm_log(struct hp_pool *pool, const char *domain) HP_NONNULL_RET;
/* Hint at what its log ends with. */
void hp_instance_last_words(const struct hp_instance *i, struct hp_err *err);
/* HP_PHP_RUN/<version> and what is above it, root 0755. */
int hp_instance_run_dir(const char *version, struct hp_err *err);
/*
 * The socket's queue is answered in order: when this ping is answered, so is all that was queued
 * before it. Failing is no error: the wait is bounded, and the master may be dead.
 */
void hp_instance_drain(const char *socket, unsigned timeout_ms);

#endif
