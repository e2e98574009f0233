/* Threads for work that the kernel does and one processor would wait for. */
#ifndef HP_BASE_THREAD_H
#define HP_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/*
 * Start fn(arg) in a thread that gets no signals: they stay the main thread's. False where none is
 * to be had (pthread_create(3)); the caller then does the work itself.
 */
bool hp_thread_start(pthread_t *ret, void *(*fn)(void *arg), void *arg);

#endif
