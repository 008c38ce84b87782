/*
 * Threads that a case makes wait for something: waiter.c has the theory. One case at a time.
 */
#pragma once

#include <pthread.h>

#include <kernel/ktest.h>

/** waiter_start() - a thread that is to wait; those before it are forgotten. */
pthread_t waiter_start(struct ktest *t, void *(*fn)(void *), void *arg);

/** waiter_start_one_more() - beside those that there are. */
pthread_t waiter_start_one_more(struct ktest *t, void *(*fn)(void *), void *arg);

/** waiter_arrives() - by the thread: its next call is one that waits. */
void waiter_arrives(void);

/** waiter_passes() - by the thread, or by who lets it: the wait is over. */
void waiter_passes(void);

bool waiter_has_passed(void);

/** await_waiters() - return when @nr threads wait, or one has passed, whether or not it should. */
void await_waiters(unsigned int nr);
