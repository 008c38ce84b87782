/*
 * Error numbers, Linux's values. A function that can fail in more than one way returns 0 or one
 * of these, negated.
 */
#pragma once

#ifndef ENOENT
#define ENOENT	2
#define EIO	5
#define ENOMEM	12
#define EBUSY	16
#define EEXIST	17
#define EINVAL	22
#define ENOSPC	28
#define ERANGE	34
#endif
