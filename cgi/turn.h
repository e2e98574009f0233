/* Turns for programs that only read: turn.c says why. */
#ifndef HP_CGI_TURN_H
#define HP_CGI_TURN_H

#include <stdbool.h>

#define CGI_WORKERS_MAX 256

struct cgi_turns;
/* Shared with the processes forked from here on. NULL: no memory; everybody goes at once. */
struct cgi_turns *cgi_turns_new(void);
/*
 * The worker's next turn, waited for at most 200 ms: then (false) it goes all the same. One at a
 * time for each worker, whose number is below CGI_WORKERS_MAX. t may be NULL.
 */
bool cgi_turn_take(struct cgi_turns *t, unsigned worker);
/* Also for a worker that died with one; without one, nothing. */
void cgi_turn_give(struct cgi_turns *t, unsigned worker);

#endif
