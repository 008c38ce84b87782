/*
 * Caches and their slabs, private to mm/ and tests/: slab.c, cache.c. Theory and invariants are in
 * those files; the order of locks is in internal.h.
 */
#pragma once

#include <kernel/percpu.h>
#include <kernel/spinlock.h>
#include <mm/page.h>
#include <mm/slab.h>

struct mm;

#define CACHE_NAME_MAX		32	/* with the NUL */
#define MAX_CACHES		1024	/* ids fit 16 bits; the table of pointers takes 8 KiB */
#define SLAB_MAX_OBJECTS	512	/* 8-byte objects in one page */
#define SLAB_NR_FILL		4	/* lists of partial slabs, by how full they are */

/* A flag beside the public ones: kmalloc's caches have it after kmalloc_note_sizes(). */
#define SLAB_NOTE_SIZE		0x8000U

/* A list of slabs, linked through the head pages' descriptors. */
struct slab_list {
	uint32_t first;			/* pfn; 0: empty */
	uint32_t nr;
};

/*
 * struct kmem_cache - objects of one size.
 * @stack:   the CPUs' stack of this cache's free objects, see sheaf.c
 * @tag:     what the descriptor of each page of its slabs says in its first word
 * @word:    offset in the object of the word that marks it free and links it; see slab.c. With
 *           SLAB_NOTE_SIZE it holds what was asked for while the object is out; 0: not known
 * @inverse, @limit: offset * inverse mod 2^64 < limit exactly for the objects' first bytes: see
 *           slab_set_layout()
 * @stride:  bytes from one object to the next: object, free word if it must lie outside, alignment
 * The first part is what alloc and free read; it never changes once the cache is there.
 */
struct kmem_cache {
	uint32_t stack;
	uint32_t tag;
	uint32_t word;
	uint32_t slab_mask;		/* bytes of a slab - 1 */
	uint64_t secret;		/* what free words are encoded with */
	uint64_t inverse;
	uint64_t limit;
	char *direct_map;		/* the instance's */
	struct page *pages;		/* likewise, and the next two */
	uint8_t *block_map;
	uint64_t nr_blocks;

	struct mm *mm;
	char name[CACHE_NAME_MAX];
	uint16_t id;
	bool permanent;			/* the allocator's own: cannot be destroyed */
	slab_flags_t flags;
	gfp_t gfp;			/* __GFP_DMA or __GFP_DMA32, for its slabs */
	unsigned int object_size;
	unsigned int stride;
	unsigned int align;
	unsigned int order;		/* of a slab */
	unsigned int objects;		/* per slab */
	unsigned int sheaf_size;	/* objects in a sheaf; 0: no sheaves */
	unsigned int barn_max;		/* full sheaves that the barn may keep, and empty ones */
	uint64_t reciprocal;		/* 2^44 / stride rounded up: gives an offset's index */
	unsigned int fill_shift;	/* see slab_fill() */
	unsigned int fill_mask;		/* (1 << fill_shift) - 1 */
	unsigned int min_empty;		/* empty slabs that are kept */
	unsigned int pins;		/* cache_list_lock: walkers that have let go of the lock */
	void (*ctor)(void *object);

	struct spinlock lock;		/* guards all below */
	struct slab_list fill[SLAB_NR_FILL];	/* partial: [0] nearly empty .. [3] nearly full */
	struct slab_list full;
	struct slab_list empty;
	uint64_t nr_slabs;
	uint64_t nr_out;		/* objects that callers or sheaves hold */
	uint64_t nr_lost;		/* objects written off: their free word was overwritten */
	void *damaged;			/* one of them, to be reported when the lock is free */
	struct cpu_stack *barn_full;	/* whole sheaves for any CPU, linked by entry[0] */
	struct cpu_stack *barn_empty;
	unsigned int nr_barn_full;
	unsigned int nr_barn_empty;

	struct kmem_cache *next;	/* cache_list_lock: all caches, in order of creation */
};

extern struct spinlock cache_list_lock;
extern struct kmem_cache *cache_list;

extern struct kmem_cache *caches_by_id[MAX_CACHES];	/* by id; entry 0 stays empty */

/** cache_by_id() - the cache that a slab page names; NULL when there is none. */
static inline struct kmem_cache *cache_by_id(unsigned int id)
{
	return id < MAX_CACHES ? caches_by_id[id] : NULL;
}

/**
 * caches_init() - the cache of caches. After mm_setup(&kernel_mm). Then kmalloc_init(),
 * boot_caches_init().
 */
void caches_init(void);
void kmalloc_init(void);
void boot_caches_init(void);		/* the kernel's own structures: kernel_caches.c */

/** kmalloc_least() - the smallest request that takes @cache's class; 0: @cache is not kmalloc's. */
unsigned int kmalloc_least(const struct kmem_cache *cache);

/** kmem_cache_create_in() - kmem_cache_create() over another instance's pages. */
struct kmem_cache *kmem_cache_create_in(struct mm *mm, const char *name, unsigned int size,
					unsigned int align, slab_flags_t flags,
					void (*ctor)(void *), uintptr_t who);

/* What fast.h leaves to cache.c. */

/**
 * cache_alloc_rest() - all that alloc_fast() does not do.
 * @object: what was popped, if anything was: its mark may be damaged, or it is to be zeroed
 */
__noinline void *cache_alloc_rest(struct kmem_cache *cache, gfp_t gfp, void *object, uintptr_t who);

/** cache_alloc_slab() - an object when none was popped, if need be of a new slab; should_failslab()
 *  has been asked. */
void *cache_alloc_slab(struct kmem_cache *cache, gfp_t gfp, uintptr_t who);

/**
 * cache_free_doubtful() - @object is no live object of @cache, as it seems: report what it is. If
 * the content of a live object only happens to look like a free word, it is freed.
 */
__noinline void cache_free_doubtful(struct kmem_cache *cache, void *object, uintptr_t who);

/**
 * cache_check() - is @object one of @slab's and handed out? Context: no lock held.
 * Return: -1: yes; else the kind of the bug.
 */
int cache_check(struct kmem_cache *cache, const struct page *slab, const void *object);

/** cache_free_rest() - @object is sound and marked, but there was no room for it. */
__noinline void cache_free_rest(struct kmem_cache *cache, void *object);

/** cache_free_to_slab() - the same past the sheaves: for the cache of sheaves. */
void cache_free_to_slab(struct kmem_cache *cache, void *object);
