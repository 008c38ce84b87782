/*
 * A link set is an array of POINTERS gathered by the linker, at most one per set and file, so that
 * padding between structs cannot be read as an entry and the order is the link order. For unordered
 * things only: commands and tests. linker.ld keeps the sections; on the host the linker's own
 * __start_ and __stop_ symbols bound them. The bounds are weak, so that a set to which a program's
 * link brought nothing is empty and no error.
 */
#pragma once

#define LINKSET_ADD(set, obj)                                                                      \
	static __typeof__(&(obj)) const linkset_##set##_entry                                      \
		__attribute__((used, section("linkset_" #set))) = &(obj)
#define LINKSET_DECLARE(type, set)                                                                 \
	extern type const *const __start_linkset_##set[] __attribute__((weak));        \
	extern type const *const __stop_linkset_##set[] __attribute__((weak))
#define LINKSET_FOREACH(it, set)                                                                   \
	for ((it) = __start_linkset_##set; (it) < __stop_linkset_##set; (it)++)
