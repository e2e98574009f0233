/*
 * Files and paths. "root" arguments are the --sysroot: "" or "/" for the real
 * one. Paths handed to the outside are always the ones without the sysroot.
 */
#ifndef HP_BASE_FILE_H
#define HP_BASE_FILE_H

#include <sys/types.h>
#include <sys/stat.h>
#include "base/err.h"
#include "base/buf.h"
#include "base/pool.h"

/* root + path; path must be absolute and without "." or ".." parts (HP_BUG_ON otherwise). */
char *hp_path(struct hp_pool *pool, const char *root, const char *path) HP_NONNULL_RET;
/* Absolute, no empty, "." or ".." parts, no control characters, valid UTF-8? */
bool hp_path_is_clean(const char *path);
/* The folder part of a clean absolute path ("/" at the least). */
char *hp_path_dir(struct hp_pool *pool, const char *path) HP_NONNULL_RET;

/*
 * Whole file into buf (reset first). HP_E_NOT_FOUND when it is not there; more than max bytes:
 * HP_E_CONF.
 */
int hp_file_read(const char *path, size_t max, struct hp_buf *buf, struct hp_err *err);
/* The same from an open descriptor until end of file. name is for messages. */
int hp_fd_read(int fd, const char *name, size_t max, struct hp_buf *buf, struct hp_err *err);
/* All of it, or an error. EINTR and short writes are dealt with. */
int hp_fd_write(int fd, const char *name, const void *p, size_t n, struct hp_err *err);
/*
 * Replace a file: temp file beside it, write, fchmod, fsync, rename, fsync the
 * folder. After an error or a crash the old file is as it was.
 */
int hp_file_write(const char *path, mode_t mode, const void *p, size_t n, struct hp_err *err);
/* mkdir -p with this mode for the folders it makes. */
int hp_mkdirs(const char *path, mode_t mode, struct hp_err *err);
/*
 * Open beneath a folder that somebody else may write to: openat2(2) with
 * RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS|RESOLVE_NO_MAGICLINKS. rel is relative.
 * ret_fd is close-on-exec.
 */
int hp_open_beneath(int dirfd, const char *rel, int flags, mode_t mode, int *ret_fd,
	struct hp_err *err);
/*
 * flock(2) on path (made if missing); waits up to wait_ms, then HP_E_BUSY. Closing the fd unlocks.
 */
int hp_lock(const char *path, unsigned wait_ms, int *ret_fd, struct hp_err *err);

/* CLOCK_MONOTONIC in milliseconds / microseconds; wall clock in seconds. */
uint64_t hp_now_ms(void);
uint64_t hp_now_us(void);
int64_t hp_now(void);
/* Sleep; a signal that is caught cuts it short. */
void hp_nap(unsigned ms);
/* n bytes from getrandom(2). */
void hp_random(void *p, size_t n);

#endif
