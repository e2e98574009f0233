/*
 * Functions that lose data, bounds or quoting. Using one is a compile error;
 * the name behind "use_" says what to take instead.
 */
#ifndef HP_BASE_BANNED_H
#define HP_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <time.h>

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef stpcpy
#undef sprintf
#undef vsprintf
#undef strtok
#undef gets
#undef alloca
#define strcpy(...) use_hp_pstrdup_or_hp_buf_adds()
#define strcat(...) use_hp_buf_adds()
#define strncpy(...) use_hp_pstrndup()
#define strncat(...) use_hp_buf_add()
#define stpcpy(...) use_hp_buf_adds()
#define sprintf(...) use_hp_pprintf_or_hp_buf_addf()
#define vsprintf(...) use_hp_pvprintf()
#define strtok(...) use_hp_str_split()
#define gets(...) use_hp_fd_read()
#undef atoi
#undef atol
#undef atoll
#define atoi(...) use_hp_parse_i64()
#define atol(...) use_hp_parse_i64()
#define atoll(...) use_hp_parse_i64()
#define system(...) use_hp_run()
#define popen(...) use_hp_run()
#define mktemp(...) use_hp_file_write()
#define tmpnam(...) use_hp_file_write()
#undef alloca
#define alloca(...) use_hp_palloc()
#undef localtime
#undef gmtime
#undef ctime
#undef asctime
#define localtime(...) use_hp_time_format()
#define gmtime(...) use_hp_time_format()
#define ctime(...) use_hp_time_format()
#define asctime(...) use_hp_time_format()

#endif
