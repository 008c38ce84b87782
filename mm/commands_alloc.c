/*
 * Console commands that take memory and give it back, as kernel code would.
 *
 * The commands call the public interface and own nothing: what `alloc` took stays taken until
 * `free`. An address that cannot be meant gets a line and nothing happens; a free that only the
 * allocator can judge (an object that is free already, pages with an order that was given) goes to
 * it, and its report is what the person sees.
 */
#include "mm/snapshot.h"

#include <kernel/command.h>
#include <kernel/errno.h>
#include <kernel/string.h>

#define GFP_ARGS "[FLAGS]"

struct gfp_name {
	const char *name;
	gfp_t gfp;
};

static const struct gfp_name gfp_names[] = {
	{ "GFP_KERNEL", GFP_KERNEL },
	{ "GFP_ATOMIC", GFP_ATOMIC },
	{ "GFP_NOWAIT", GFP_NOWAIT },
	{ "GFP_DMA", GFP_DMA },
	{ "GFP_DMA32", GFP_DMA32 },
	{ "__GFP_DMA", __GFP_DMA },
	{ "__GFP_DMA32", __GFP_DMA32 },
	{ "__GFP_HIGH", __GFP_HIGH },
	{ "__GFP_DIRECT_RECLAIM", __GFP_DIRECT_RECLAIM },
	{ "__GFP_NORETRY", __GFP_NORETRY },
	{ "__GFP_NOFAIL", __GFP_NOFAIL },
	{ "__GFP_ZERO", __GFP_ZERO },
	{ "__GFP_NOWARN", __GFP_NOWARN },
};

static const struct gfp_name *find_gfp(const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(gfp_names); i++)
		if (strlen(gfp_names[i].name) == len && memcmp(gfp_names[i].name, text, len) == 0)
			return &gfp_names[i];
	return NULL;
}

static int bad_gfp(struct seq *out, const char *text, size_t len)
{
	seq_printf(out, "\"%.*s\" is no flag; there are", (int)len, text);
	for (size_t i = 0; i < ARRAY_SIZE(gfp_names); i++)
		seq_printf(out, " %s", gfp_names[i].name);
	seq_puts(out, "\n");
	return -ERANGE;
}

/* Names joined by "|", in one word or several. None: GFP_KERNEL. */
static int parse_gfp(struct seq *out, int argc, char **argv, gfp_t *gfp)
{
	*gfp = argc > 0 ? 0 : GFP_KERNEL;
	for (int i = 0; i < argc; i++) {
		const char *text = argv[i];

		while (*text) {
			const char *bar = strchr(text, '|');
			size_t len = bar ? (size_t)(bar - text) : strlen(text);
			const struct gfp_name *known = find_gfp(text, len);

			if (!known && len != 0)
				return bad_gfp(out, text, len);
			if (known)
				*gfp |= known->gfp;
			text += len + (bar != NULL);
		}
	}
	return 0;
}

static int parse_order(struct seq *out, const char *text, unsigned int *order)
{
	uint64_t value;

	if (kstrtou64(text, &value) != 0 || value >= MAX_ORDER) {
		seq_printf(out, "ORDER is a number from 0 to %u, not \"%s\"\n", MAX_ORDER - 1,
			   text);
		return -ERANGE;
	}
	*order = (unsigned int)value;
	return 0;
}

static int parse_size(struct seq *out, const char *text, size_t *size)
{
	const char *end;

	*size = memparse(text, &end);
	if (end == text || *end != '\0') {
		seq_printf(out, "SIZE is a number of bytes such as 1740 or 8K, not \"%s\"\n", text);
		return -ERANGE;
	}
	return 0;
}

/* An address whose descriptor can be read, or a line that says why it is none. */
static int parse_address(struct seq *out, const char *text, uintptr_t *addr)
{
	uint64_t value, paddr;

	if (kstrtou64(text, &value) != 0) {
		seq_printf(out, "ADDRESS is a number such as 0x%lx, not \"%s\"\n",
			   (uint64_t)PORT_DIRECT_MAP, text);
		return -ERANGE;
	}
	paddr = value - PORT_DIRECT_MAP;
	if (value < PORT_DIRECT_MAP || paddr >= PFN_PHYS(kernel_mm.max_pfn)) {
		seq_printf(out, "0x%lx is outside RAM, which lies at 0x%lx to 0x%lx\n", value,
			   (uint64_t)PORT_DIRECT_MAP,
			   (uint64_t)(PORT_DIRECT_MAP + PFN_PHYS(kernel_mm.max_pfn) - 1));
		return -ERANGE;
	}
	if (!mm_page_valid(&kernel_mm, PFN_DOWN(paddr))) {
		seq_printf(out, "0x%lx lies in a page that was never handed out\n", value);
		return -ERANGE;
	}
	*addr = (uintptr_t)value;
	return 0;
}

static unsigned int bugs_reported(void)
{
	unsigned int sum = 0;

	for (unsigned int kind = 0; kind < MM_NR_BUG_KINDS; kind++)
		sum += mm_bug_count((enum mm_bug_kind)kind);
	return sum;
}

/* What a free came to: the allocator reports a caller's bug by itself and goes on. */
static int say_freed(struct seq *out, uintptr_t addr, unsigned int bugs_before)
{
	if (bugs_reported() != bugs_before) {
		seq_printf(out, "0x%lx was not freed\n", (uint64_t)addr);
		return -EBUSY;
	}
	seq_printf(out, "freed 0x%lx\n", (uint64_t)addr);
	return 0;
}

/* The line of the zone that changed, before and after, is the split or the merge to look at. */
static void show_change(struct seq *out, unsigned int index, const struct snapshot *before,
			const struct snapshot *after)
{
	const struct zone_snapshot *was = &before->zone[index], *is = &after->zone[index];
	uint64_t splits = is->event[ZONE_EVENT_SPLIT] - was->event[ZONE_EVENT_SPLIT];
	uint64_t merges = is->event[ZONE_EVENT_MERGE] - was->event[ZONE_EVENT_MERGE];

	seq_puts(out, "before  ");
	print_buddyinfo_zone(out, was);
	seq_puts(out, "after   ");
	print_buddyinfo_zone(out, is);
	seq_printf(out, "splits: %lu, merges: %lu\n", splits, merges);
}

static int cmd_alloc(struct seq *out, int argc, char **argv)
{
	struct snapshot before, after;
	unsigned int order, zone;
	struct page *page;
	gfp_t gfp;
	int err;

	if (argc < 2)
		return -EINVAL;
	err = parse_order(out, argv[1], &order);
	if (!err)
		err = parse_gfp(out, argc - 2, argv + 2, &gfp);
	if (err)
		return err;

	zones_snapshot(&kernel_mm, &before);
	page = mm_alloc_pages(&kernel_mm, gfp, order, RET_IP);
	zones_snapshot(&kernel_mm, &after);
	if (!page) {
		seq_printf(out, "no block of order %u for these flags\n", order);
		return -ENOMEM;
	}
	zone = page->zone_or_cache;
	seq_printf(out, "0x%lx pfn %lu zone %s order %u, %lu KiB\n",
		   (uint64_t)(uintptr_t)page_address(page), page_to_pfn(page),
		   after.zone[zone].name, order, (uint64_t)(PAGE_SIZE << order) >> 10);
	show_change(out, zone, &before, &after);
	return 0;
}

/* Say why the page at @addr is no block that alloc_pages() gave. */
static int not_a_block(struct seq *out, uintptr_t addr, const struct page *page)
{
	const struct kmem_cache *cache;
	const char *why;

	switch ((enum page_state)page->state) {
	case PAGE_TAIL:
		if (mm_inside_free_block(&kernel_mm, page_to_pfn(page)))
			why = "is free already";
		else
			why = "lies inside a block; free wants the block's first address";
		break;
	case PAGE_HOLE:
		why = "is no RAM";
		break;
	case PAGE_RESERVED:
		why = "is reserved";
		break;
	case PAGE_CPU:
	case PAGE_FREE:
		why = "is free already";
		break;
	case PAGE_LARGE:
		why = "came from kmalloc; use kfree";
		break;
	case PAGE_SLAB:
		cache = cache_by_id(page->zone_or_cache);
		seq_printf(out, "0x%lx is part of a slab of %s; use kfree or \"cache free\"\n",
			   (uint64_t)addr, cache ? cache->name : "an unknown cache");
		return -EBUSY;
	default:
		why = "has a descriptor that says nothing";
	}
	seq_printf(out, "0x%lx %s\n", (uint64_t)addr, why);
	return -EBUSY;
}

static int free_block(struct seq *out, uintptr_t addr, unsigned int zone, unsigned int order)
{
	struct snapshot before, after;
	unsigned int bugs = bugs_reported();
	int err;

	zones_snapshot(&kernel_mm, &before);
	mm_free_pages(&kernel_mm, virt_to_page((void *)addr), order, PAGE_ALLOCATED, RET_IP);
	zones_snapshot(&kernel_mm, &after);
	err = say_freed(out, addr, bugs);
	if (!err)
		show_change(out, zone, &before, &after);
	return err;
}

static int cmd_free(struct seq *out, int argc, char **argv)
{
	const struct page *page;
	unsigned int order = 0;
	uintptr_t addr;
	int err;

	if (argc != 2 && argc != 3)
		return -EINVAL;
	err = parse_address(out, argv[1], &addr);
	if (!err && argc == 3)
		err = parse_order(out, argv[2], &order);
	if (err)
		return err;
	if (addr % PAGE_SIZE != 0) {
		seq_printf(out, "0x%lx is not the first byte of a page\n", (uint64_t)addr);
		return -ERANGE;
	}
	page = virt_to_page((void *)addr);
	if (page->state != PAGE_ALLOCATED && argc == 2)
		return not_a_block(out, addr, page);
	if (argc == 2)
		order = page->order;
	return free_block(out, addr, page->zone_or_cache, order);
}

/* Where an object came from: its cache, or pages of its own. */
static void show_object(struct seq *out, const void *object)
{
	const struct page *page = virt_to_page(object);
	const struct kmem_cache *cache;

	seq_printf(out, "0x%lx", (uint64_t)(uintptr_t)object);
	if (page->state == PAGE_SLAB) {
		cache = cache_by_id(page->zone_or_cache);
		seq_printf(out, " from %s, %lu bytes usable\n",
			   cache ? cache->name : "an unknown cache", (uint64_t)ksize(object));
	} else {
		seq_printf(out, " from pages of order %u, %lu bytes usable\n", page->order,
			   (uint64_t)ksize(object));
	}
}

static int cmd_kmalloc(struct seq *out, int argc, char **argv)
{
	void *object;
	size_t size;
	gfp_t gfp;
	int err;

	if (argc < 2)
		return -EINVAL;
	err = parse_size(out, argv[1], &size);
	if (!err)
		err = parse_gfp(out, argc - 2, argv + 2, &gfp);
	if (err)
		return err;
	object = kmalloc(size, gfp);
	if (object == ZERO_SIZE_PTR) {
		seq_printf(out, "0x%lx, which stands for 0 bytes\n", (uint64_t)(uintptr_t)object);
		return 0;
	}
	if (!object) {
		seq_printf(out, "no %lu bytes for these flags\n", (uint64_t)size);
		return -ENOMEM;
	}
	show_object(out, object);
	return 0;
}

static int cmd_kfree(struct seq *out, int argc, char **argv)
{
	unsigned int bugs = bugs_reported();
	uint64_t value;
	uintptr_t addr;
	int err;

	if (argc != 2)
		return -EINVAL;
	if (kstrtou64(argv[1], &value) == 0 && ZERO_OR_NULL_PTR(value)) {
		seq_printf(out, "0x%lx holds nothing to free\n", value);
		return 0;
	}
	err = parse_address(out, argv[1], &addr);
	if (err)
		return err;
	kfree((void *)addr);
	return say_freed(out, addr, bugs);
}

static struct kmem_cache *parse_cache(struct seq *out, const char *name)
{
	struct kmem_cache *cache = kmem_cache_find(name);

	if (!cache)
		seq_printf(out, "no cache has the name \"%s\"; \"caches\" lists them\n", name);
	return cache;
}

static int cache_alloc(struct seq *out, struct kmem_cache *cache, int argc, char **argv)
{
	void *object;
	gfp_t gfp;
	int err = parse_gfp(out, argc, argv, &gfp);

	if (err)
		return err;
	if (cache == cache_list || sheaf_is_from(cache)) {
		seq_printf(out, "what comes from %s is the allocator's own, for no one to have\n",
			   kmem_cache_name(cache));
		return -EBUSY;
	}
	object = kmem_cache_alloc(cache, gfp);
	if (!object) {
		seq_printf(out, "no object of %s for these flags\n", kmem_cache_name(cache));
		return -ENOMEM;
	}
	show_object(out, object);
	return 0;
}

static int cache_free(struct seq *out, struct kmem_cache *cache, const char *text)
{
	unsigned int bugs = bugs_reported();
	uintptr_t addr;
	int err = parse_address(out, text, &addr);

	if (err)
		return err;
	kmem_cache_free(cache, (void *)addr);
	return say_freed(out, addr, bugs);
}

static int cmd_cache(struct seq *out, int argc, char **argv)
{
	struct kmem_cache *cache;
	bool alloc, shrink;

	if (argc < 3)
		return -EINVAL;
	alloc = strcmp(argv[1], "alloc") == 0;
	shrink = strcmp(argv[1], "shrink") == 0 && argc == 3;
	if (!alloc && !shrink && (strcmp(argv[1], "free") != 0 || argc != 4))
		return -EINVAL;
	cache = parse_cache(out, argv[2]);
	if (!cache)
		return -ENOENT;
	if (alloc)
		return cache_alloc(out, cache, argc - 3, argv + 3);
	if (!shrink)
		return cache_free(out, cache, argv[3]);
	seq_printf(out, "%s keeps %s\n", argv[2],
		   kmem_cache_shrink(cache) ? "the slabs that hold live objects" : "no slab");
	return 0;
}

static int cmd_caches(struct seq *out, int argc, char **argv)
{
	struct cache_snapshot *table;
	struct snapshot snap;
	size_t column = 0;

	(void)argv;
	if (argc != 1)
		return -EINVAL;
	table = cache_table_claim();
	if (!table) {
		seq_puts(out, "caches: another CPU is printing them; try again\n");
		return -EBUSY;
	}
	mm_snapshot(&kernel_mm, &snap, table, MAX_CACHES);
	for (unsigned int i = 0; i < snap.nr_caches; i++) {
		size_t width = strlen(table[i].name) + 1;

		if (column + width > 80) { /* characters of a terminal's line */
			seq_puts(out, "\n");
			column = 0;
		}
		seq_printf(out, column ? " %s" : "%s", table[i].name);
		column += width;
	}
	seq_puts(out, "\n");
	cache_table_release();
	return 0;
}

static const struct command alloc_commands[] = {
	{ "alloc", "ORDER " GFP_ARGS, "take 2^ORDER pages and show what was split", cmd_alloc },
	{ "free", "ADDRESS [ORDER]", "give pages back; the order is found when it is not given",
	  cmd_free },
	{ "kmalloc", "SIZE " GFP_ARGS, "take SIZE bytes", cmd_kmalloc },
	{ "kfree", "ADDRESS", "give an object back", cmd_kfree },
	{ "caches", "", "names of all caches", cmd_caches },
	{ "cache", "alloc|free|shrink NAME [FLAGS|ADDRESS]", "take and give objects of one cache",
	  cmd_cache },
};
COMMAND_TABLE(alloc, alloc_commands);
