/*
 * How the parsers of what firmware and loader leave say what is wrong with it.
 */
#pragma once

#include <kernel/errno.h>
#include <kernel/print.h>

/* Of a struct walk with room for @why_size characters at @why. The value is -EINVAL. */
#define fault(walk, ...)                                                                           \
	((void)ksnprintf((walk)->why, (walk)->why_size, __VA_ARGS__), -EINVAL)
