/*
 * Caches and their slabs, private to mm/ and tests/: slab.c, cache.c. Theory and invariants are in
 * those files; the order of locks is in internal.h.
 */
#pragma once

#include <kernel/spinlock.h>
#include <mm/page.h>
#include <mm/slab.h>

struct mm;

#define CACHE_NAME_MAX		32	/* with the NUL */
#define MAX_CACHES		1024	/* ids fit 16 bits; the table of pointers takes 8 KiB */
#define SLAB_MAX_OBJECTS	512	/* 8-byte objects in one page */
#define SLAB_NR_FILL		8	/* lists of partial slabs, by how full they are */

/* A list of slabs, linked through the head pages' descriptors. */
struct slab_list {
	uint32_t first;			/* pfn; 0: empty */
	uint32_t nr;
};

/*
 * struct kmem_cache - objects of one size.
 * @stride:  bytes from one object to the next: object, free word if it must lie outside, alignment
 * @word:    offset in the object of the word that marks it free and links it; see slab.c
 */
struct kmem_cache {
	char name[CACHE_NAME_MAX];
	uint16_t id;
	slab_flags_t flags;
	gfp_t gfp;			/* __GFP_DMA or __GFP_DMA32, for its slabs */
	unsigned int object_size;
	unsigned int stride;
	unsigned int align;
	unsigned int word;
	unsigned int order;		/* of a slab */
	unsigned int objects;		/* per slab */
	uint64_t reciprocal;		/* 2^44 / stride rounded up: gives an offset's index */
	unsigned int min_empty;		/* empty slabs that are kept */
	uint64_t secret;		/* what free words are encoded with */
	void (*ctor)(void *object);
	struct mm *mm;

	struct spinlock lock;		/* guards all below */
	struct slab_list fill[SLAB_NR_FILL];	/* partial: [0] nearly empty .. [7] nearly full */
	struct slab_list full;
	struct slab_list empty;
	uint64_t nr_slabs;
	uint64_t nr_live;		/* objects that callers hold */
	uint64_t nr_allocs, nr_frees;	/* since creation */
	uint64_t nr_lost;		/* objects written off: their slab's list was overwritten */

	struct kmem_cache *next;	/* cache_list_lock: all caches, in order of creation */
};

extern struct spinlock cache_list_lock;
extern struct kmem_cache *cache_list;

/** cache_by_id() - the cache that a slab page names; NULL when there is none. */
struct kmem_cache *cache_by_id(unsigned int id);

/**
 * caches_init() - the cache of caches. After mm_setup(&kernel_mm). Then kmalloc_init(),
 * boot_caches_init().
 */
void caches_init(void);
void kmalloc_init(void);
void boot_caches_init(void);		/* the kernel's own structures: kernel_caches.c */

/** kmem_cache_create_in() - kmem_cache_create() over another instance's pages. */
struct kmem_cache *kmem_cache_create_in(struct mm *mm, const char *name, unsigned int size,
					unsigned int align, slab_flags_t flags,
					void (*ctor)(void *), uintptr_t who);

/* slab.c: all _locked ones hold cache->lock. */

/**
 * slab_take_locked() - one object off the fullest slab that has one. NULL: none; or, when
 * *@corrupted is set, a list was found overwritten and its slab was set aside: the caller reports
 * it after unlocking and asks again.
 */
void *slab_take_locked(struct kmem_cache *cache, void **corrupted);

/**
 * slab_put_locked() - @object, checked by slab_check(), returns to its slab; an empty slab beyond
 * those kept is taken off the lists.
 * Return: that slab, for slab_destroy() after unlocking; else NULL.
 */
struct page *slab_put_locked(struct kmem_cache *cache, struct page *slab, void *object);

/** slab_create() - a new slab of free objects, on no list yet. No lock held. NULL: no memory. */
struct page *slab_create(struct kmem_cache *cache, gfp_t gfp, uintptr_t who);
void slab_add_locked(struct kmem_cache *cache, struct page *slab);
void slab_destroy(struct kmem_cache *cache, struct page *slab);

/** slab_take_empty_locked() - take one empty slab off the lists; NULL: none. */
struct page *slab_take_empty_locked(struct kmem_cache *cache);

/**
 * slab_of() - the head of the slab that @object's page belongs to, in @mm. NULL: it
 * belongs to none.
 */
struct page *slab_of(struct mm *mm, const void *object);

/**
 * slab_check() - is @object one of @slab's and handed out?
 * Return: -1: yes; else the kind of the bug.
 */
int slab_check(const struct kmem_cache *cache, const struct page *slab, const void *object);

/**
 * slab_for_each_live() - call @fn for each object of @slab that is handed out.
 * Return: how many.
 */
unsigned int slab_for_each_live(const struct kmem_cache *cache, const struct page *slab,
				void (*fn)(const struct kmem_cache *cache, void *object));

/**
 * slab_walk_free() - set a bit per free object.
 * Return: their number, or -1 when the list is broken.
 */
int slab_walk_free(const struct kmem_cache *cache, const struct page *slab, uint64_t *bitmap);

/**
 * slab_set_layout() - order, objects, reciprocal and so on, from object_size, align, flags and
 * ctor.
 * Return: 0, or -EINVAL when not even one object fits a block of the largest order.
 */
int slab_set_layout(struct kmem_cache *cache);

/** cache_free_object() - what kfree() and kmem_cache_free() share once the slab is known. */
void cache_free_object(struct kmem_cache *cache, struct page *slab, void *object, uintptr_t who);
/** cache_alloc_object() - what all ways to an object share. @who: for reports. */
void *cache_alloc_object(struct kmem_cache *cache, gfp_t gfp, uintptr_t who);
