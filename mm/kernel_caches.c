/*
 * Caches of the structures that every kernel has by the hundred, made at boot under the names and
 * with the sizes that Linux 6.1 shows in slabinfo for x86-64, so that a kernel that is grown on
 * Quire finds them, and a reader of slabinfo sees a familiar picture. task_struct is 1740 bytes
 * here: lectures use it to show what a cache saves over whole pages.
 */

#include "internal.h"

struct boot_cache {
	const char *name;
	unsigned int size;		/* bytes */
	slab_flags_t flags;
};

static const struct boot_cache boot_caches[] = {
	{ "task_struct", 1740, SLAB_PANIC },
	{ "mm_struct", 1048, SLAB_PANIC | SLAB_HWCACHE_ALIGN },
	{ "vm_area_struct", 152, SLAB_PANIC },
	{ "files_cache", 704, SLAB_PANIC | SLAB_HWCACHE_ALIGN },
	{ "filp", 256, SLAB_PANIC | SLAB_HWCACHE_ALIGN },
	{ "inode_cache", 624, SLAB_PANIC | SLAB_RECLAIM_ACCOUNT },
	{ "dentry", 192, SLAB_PANIC | SLAB_RECLAIM_ACCOUNT },
	{ "buffer_head", 104, SLAB_PANIC | SLAB_RECLAIM_ACCOUNT },
	{ "pid", 112, SLAB_PANIC | SLAB_HWCACHE_ALIGN },
};

void boot_caches_init(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(boot_caches); i++) {
		const struct boot_cache *b = &boot_caches[i];
		struct kmem_cache *cache = kmem_cache_create(b->name, b->size, 0, b->flags, NULL);

		MM_ASSERT(cache);	/* SLAB_PANIC */
	}
}
