/*
 * Every request of these scenarios fails once: what the interfaces promise about shortage holds,
 * nothing leaks, and all invariants hold. tests/suites/fault_trace_test.c has one more, the soak's.
 */
#include "fault_nth.h"
#include "typed.h"

#include <kernel/errno.h>
#include <kernel/internal.h>

#define NR		40U	/* objects: more than a sheaf and more than a slab of any of them */
#define SIZE		520U	/* bytes of an object of a scenario's cache: 14 or so in a slab */
#define GFP		GFP_KERNEL

static struct kmem_cache *cache;
static void *objects[NR];

static int make_cache(void (*ctor)(void *object))
{
	cache = kmem_cache_create("test-fault", SIZE, 0, 0, ctor);
	if (cache)
		return 0;
	return kmem_cache_find("test-fault") ? -EEXIST : -ENOMEM;
}

/* Return: @err, or that the cache could not be destroyed. */
static int drop_cache(int err)
{
	return kmem_cache_destroy(cache) ? -EBUSY : err;
}

/* Each object is filled. Return: how many there are. */
static unsigned int take_objects(unsigned int from, unsigned int to)
{
	for (; from < to; from++) {
		objects[from] = kmem_cache_alloc(cache, GFP);
		if (!objects[from])
			break;
		pattern_fill(objects[from], SIZE, from);
	}
	return from;
}

/* Every @step-th from @first. Return: 0, or -EIO if one does not hold what was written to it. */
static int give_objects(unsigned int first, unsigned int nr, unsigned int step)
{
	int err = 0;

	for (unsigned int i = first; i < nr; i += step) {
		if (!pattern_holds(objects[i], SIZE, i))
			err = -EIO;
		kmem_cache_free(cache, objects[i]);
	}
	return err;
}

/* ---- caches -------------------------------------------------------------- */

static int run_create(void)
{
	unsigned int nr;
	int err = make_cache(NULL);

	if (err)
		return err;
	nr = take_objects(0, 3);
	err = give_objects(0, nr, 1);
	return drop_cache(err ? err : nr < 3 ? -ENOMEM : 0);
}

static void zero_object(void *object)
{
	memset(object, 0, SIZE);
}

static int run_constructed(void)
{
	int err = make_cache(zero_object);
	void *object;

	if (err)
		return err;
	object = kmem_cache_alloc(cache, GFP);
	if (!object)
		return drop_cache(-ENOMEM);
	if (!is_all(object, 0, SIZE))
		err = -EIO;
	kmem_cache_free(cache, object);
	return drop_cache(err);
}

static int run_bulk(void)
{
	int err = make_cache(NULL);
	size_t nr;

	if (err)
		return err;
	nr = kmem_cache_alloc_bulk(cache, GFP, NR, objects);
	if (nr == NR)
		kmem_cache_free_bulk(cache, NR, objects);
	else if (nr != 0 || cache_nr_live(cache) != 0)
		err = -EIO;		/* all or nothing */
	else
		err = -ENOMEM;
	return drop_cache(err);
}

/* Half of the objects go, the cache shrinks around the others, and grows again. */
static int run_shrink(void)
{
	int err = make_cache(NULL);
	unsigned int nr, more;

	if (err)
		return err;
	nr = take_objects(0, NR);
	if (give_objects(1, nr, 2))
		err = -EIO;
	if (kmem_cache_shrink(cache) != (nr > 0))
		err = -EIO;
	for (more = 1; more < nr; more += 2) {
		if (take_objects(more, more + 1) == more)
			break;
	}
	kmem_cache_set_min_empty(cache, 0);
	if (give_objects(0, nr, 2) || give_objects(1, more < nr ? more : nr, 2))
		err = -EIO;
	if (!err && (nr < NR || more < nr))
		err = -ENOMEM;
	return drop_cache(err);
}

/* ---- kmalloc ------------------------------------------------------------- */

static int run_kmalloc(void)
{
	static const size_t sizes[] = { 1, 8, 100, 256, 8193, 100000 };
	void *taken[4 * ARRAY_SIZE(sizes)];
	unsigned int nr = 0;
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		taken[nr++] = kmalloc(sizes[i], GFP);
		taken[nr++] = kzalloc(sizes[i], GFP);
		taken[nr++] = kmalloc_array(1, sizes[i], GFP_ATOMIC);
		taken[nr++] = kcalloc(1, sizes[i], GFP | GFP_DMA32);
	}
	for (unsigned int i = 0; i < nr; i++) {
		if (!taken[i])
			err = -ENOMEM;
		else if ((i % 4 == 1 || i % 4 == 3) && !is_all(taken[i], 0, sizes[i / 4]))
			err = -EIO;
		kfree(taken[i]);
	}
	return err;
}

/* Sizes with slabs of several pages: when there is none, fewer pages serve. */
static int run_kmalloc_multipage(void)
{
	static const size_t sizes[] = { 700, 4096, 5000, 8192 };
	void *object = NULL, *larger = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		larger = krealloc(object, sizes[i], GFP);
		if (!larger)
			break;
		object = larger;
	}
	kfree(object);
	return larger ? 0 : -ENOMEM;
}

static int run_krealloc(void)
{
	static const size_t sizes[] = { 8, 60, 64, 200, 20000, 70000, 250 };
	size_t size = 0;
	void *object = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t kept = size < sizes[i] ? size : sizes[i];
		void *moved = krealloc(object, sizes[i], GFP);
		const void *now = moved ? moved : object;
		bool whole = pattern_holds(now, moved ? kept : size, 7);

		if (!moved || !whole) {
			kfree(now);		/* it is still ours */
			return whole ? -ENOMEM : -EIO;
		}
		object = moved;
		size = sizes[i];
		pattern_fill(object, size, 7);
	}
	kfree(object);
	return 0;
}

/* ---- pages --------------------------------------------------------------- */

static int run_pages(void)
{
	struct page *pages[8];
	unsigned long zeroed;
	unsigned int nr = 0;
	void *exact;
	int err = 0;

	while (nr < ARRAY_SIZE(pages) && (pages[nr] = alloc_pages(GFP, nr)) != NULL)
		nr++;
	zeroed = get_zeroed_page(GFP);
	exact = alloc_pages_exact(5 * PAGE_SIZE, GFP);
	if (zeroed && !is_all((void *)zeroed, 0, PAGE_SIZE))
		err = -EIO;
	if (!err && (nr < ARRAY_SIZE(pages) || !zeroed || !exact))
		err = -ENOMEM;
	free_pages_exact(exact, 5 * PAGE_SIZE);
	free_page(zeroed);
	while (nr-- > 0)
		__free_pages(pages[nr], nr);
	return err;
}

/* What was had before the failure stays, and can be completed by a second call. */
static int run_pages_bulk(void)
{
	struct page *pages[NR] = { NULL };
	unsigned long nr = alloc_pages_bulk(GFP, NR, pages), had = nr;
	int err = nr == NR ? 0 : -ENOMEM;

	for (unsigned long i = 0; i < NR; i++) {
		if ((pages[i] != NULL) != (i < nr))
			err = -EIO;
	}
	if (had < NR)
		nr = alloc_pages_bulk(GFP, NR, pages);
	if (nr != NR)
		err = -EIO;
	for (unsigned long i = 0; i < nr; i++)
		__free_pages(pages[i], 0);
	return err;
}

/* Never refused, whatever fails around it. */
static int run_nofail(void)
{
	void *object = kmalloc(100, GFP | __GFP_NOFAIL);
	void *large = kmalloc(6000, GFP | __GFP_NOFAIL);
	struct page *page = alloc_pages(GFP | __GFP_NOFAIL, 2);
	int err = object && large && page ? 0 : -EIO;

	kfree(object);
	kfree(large);
	__free_pages(page, 2);
	return err;
}

/* ---- the console --------------------------------------------------------- */

static char answer[16 * 1024];	/* bytes; longer ones are cut */
static const char *line_asked, *line_back;

static int type(const char *line)
{
	return type_line(line, answer, sizeof(answer));
}

/* A command that takes, and one that gives back the address that the answer begins with. */
static int run_command(void)
{
	char back[128];
	int err = type(line_asked);
	size_t len;

	if (err == -ENOMEM)		/* one line of words for the person, and no address */
		return answer[0] != '\0' && strncmp(answer, "0x", 2) != 0 ? err : -EIO;
	if (err || !line_back)
		return err;
	for (len = 0; answer[len] && answer[len] != ' '; len++)
		;
	ksnprintf(back, sizeof(back), "%s %.*s", line_back, (int)len, answer);
	return type(back);
}

/* ---- the boot ------------------------------------------------------------ */

#define BOOT_PFN	5120U
#define BOOT_ORDER	7U	/* 512 KiB: the RAM of a small machine, as real as needed */

static struct arena arena;

/* A machine with one stretch of RAM. Return: what mm_setup() does. */
static int set_up_machine(struct mm *mm, struct memmap *map, void *tables)
{
	memmap_init(map, tables, 2, 8, 1ULL << 40);
	if (memmap_add(map, PFN_PHYS(BOOT_PFN), PAGE_SIZE << BOOT_ORDER, MEMMAP_USABLE) ||
	    memmap_seal(map))
		return -EINVAL;
	return mm_setup(mm, map, arena.mm.pages, arena.mm.direct_map);
}

static int run_boot(void)
{
	static uint64_t tables[MEMMAP_BYTES(2, 8) / sizeof(uint64_t)];
	static struct memmap map;
	static struct mm mm;
	int err = set_up_machine(&mm, &map, tables);

	if (err)			/* nothing is taken, and nothing can be had */
		return map.nr_taken == 0 && !mm.nr_blocks ? err : -EIO;
	return mm_verify_instance(&mm, &seq_console) == 0 ? 0 : -EIO;
}

/* ---- cases --------------------------------------------------------------- */

static void objects_and_pages(struct ktest *t)
{
	static const struct scenario scenarios[] = {
		{ "cache create", run_create, false },
		{ "cache create with a constructor", run_constructed, false },
		{ "bulk", run_bulk, false },
		{ "shrink under load", run_shrink, false },
		{ "kmalloc", run_kmalloc, false },
		{ "kmalloc of several pages", run_kmalloc_multipage, true },
		{ "krealloc", run_krealloc, false },
		{ "pages", run_pages, false },
		{ "pages in bulk", run_pages_bulk, false },
	};

	for (size_t i = 0; fault_nth_possible(t) && i < ARRAY_SIZE(scenarios); i++)
		fault_nth_expect(t, &scenarios[i]);
}

static void nofail_is_never_refused(struct ktest *t)
{
	static const struct scenario nofail = { "__GFP_NOFAIL", run_nofail, false };
	struct fault_tally tally;

	if (!fault_nth_possible(t))
		return;
	tally = fault_nth_run(t, &nofail, false);
	/* kmalloc(6000) may try a slab of the class first: that one may fail, and be absorbed. */
	KTEST_EXPECT(t, tally.points <= 2);
	KTEST_EXPECT_EQ(t, tally.wrong + tally.leaks + tally.broken + tally.bugs, 0);
}

static void commands(struct ktest *t)
{
	static const struct {
		const char *line, *back;
		bool absorbs;
	} lines[] = {
		{ "alloc 0", "free", false },
		{ "alloc 3", "free", false },
		{ "alloc 4 __GFP_ZERO GFP_KERNEL", "free", false },
		{ "alloc 1 GFP_ATOMIC|GFP_DMA32", "free", false },
		{ "kmalloc 100", "kfree", false },
		{ "kmalloc 64K", "kfree", false },
		{ "kmalloc 6000", "kfree", true },
		{ "cache alloc dentry", "cache free dentry", false },
		{ "cache alloc task_struct __GFP_ZERO", "cache free task_struct", false },
	};

	for (size_t i = 0; fault_nth_possible(t) && i < ARRAY_SIZE(lines); i++) {
		const struct scenario scenario = { lines[i].line, run_command, lines[i].absorbs };

		line_asked = lines[i].line;
		line_back = lines[i].back;
		fault_nth_expect(t, &scenario);
	}
}

static const char *const looks[] = {
	"help", "help ledger", "buddyinfo", "slabinfo", "slabinfo dentry", "zoneinfo", "zones",
	"meminfo", "vmstat", "memmap", "ledger", "dump", "verify", "caches", "cache shrink dentry",
	"fault",
};

/* Those that take memory, see commands(); that do all sorts of things; that end the machine. */
static const char *const others[] = {
	"alloc", "free", "kmalloc", "kfree", "test", "soak", "bench", "provoke", "reboot",
	"poweroff",
};

static bool is_first_word(const char *const *lines, size_t nr, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < nr; i++) {
		if (strncmp(lines[i], name, len) == 0 &&
		    (lines[i][len] == '\0' || lines[i][len] == ' '))
			return true;
	}
	return false;
}

static void no_command_is_left_out(struct ktest *t)
{
	const char *name;
	unsigned int nr = 0;

	for (; (name = command_match("", 0, nr)) != NULL; nr++) {
		if (!is_first_word(looks, ARRAY_SIZE(looks), name) &&
		    !is_first_word(others, ARRAY_SIZE(others), name))
			ktest_fail(t, __FILE__, __LINE__, "%s: does it only look?", name);
	}
	KTEST_EXPECT(t, nr > 0);
}

/* A person looks at a machine that has no memory left. */
static void looking_takes_no_memory(struct ktest *t)
{
	for (size_t i = 0; fault_nth_possible(t) && i < ARRAY_SIZE(looks); i++) {
		const struct scenario scenario = { looks[i], run_command, false };
		struct fault_tally tally;

		line_asked = looks[i];
		line_back = NULL;
		tally = fault_nth_run(t, &scenario, false);
		KTEST_EXPECT_EQ(t, tally.points, 0);
		KTEST_EXPECT_EQ(t, tally.wrong + tally.leaks + tally.broken + tally.bugs, 0);
	}
}

static void boot(struct ktest *t)
{
	static const struct scenario scenario = { "boot", run_boot, false };

	if (!fault_nth_possible(t) || !arena_init_ram(&arena, t, BOOT_PFN, BOOT_ORDER))
		return;
	fault_nth_expect(t, &scenario);
	arena_fini(&arena, t);
}

/* ---- does the harness see what it is for? -------------------------------- */

static void *leaked;

static int run_leak(void)
{
	void *first = kmalloc(40, GFP), *second = kmalloc(40, GFP);

	if (first && second) {
		kfree(first);
		kfree(second);
		return 0;
	}
	if (first && !leaked)
		leaked = first;
	else
		kfree(first);
	kfree(second);
	return -ENOMEM;
}

static int run_lost_page(void)
{
	struct page *page = alloc_page(GFP);
	void *object = page ? kmalloc(40, GFP) : NULL;

	kfree(object);
	if (page && !object && !leaked)
		leaked = page_address(page);
	else if (page)
		__free_page(page);
	return object ? 0 : -ENOMEM;
}

static int run_silence(void)
{
	kfree(kmalloc(40, GFP));
	return 0;
}

static int run_crash(void)
{
	void *object = kmalloc(40, GFP);

	kfree(object);
	return object ? 0 : -EIO;
}

static int run_double_free(void)
{
	void *first = kmalloc(40, GFP), *second = kmalloc(40, GFP);

	kfree(first);
	kfree(second);
	if (first && !second)
		kfree(first);
	return first && second ? 0 : -ENOMEM;
}

static void mistakes_are_seen(struct ktest *t)
{
	static const struct scenario leak = { "(a leak)", run_leak, false };
	static const struct scenario lost = { "(a lost page)", run_lost_page, false };
	static const struct scenario silence = { "(silence)", run_silence, false };
	static const struct scenario crash = { "(a wrong result)", run_crash, false };
	static const struct scenario twice = { "(a double free)", run_double_free, false };
	struct fault_tally tally;

	if (!fault_nth_possible(t))
		return;
	leaked = NULL;
	KTEST_EXPECT(t, fault_nth_run(t, &leak, false).leaks > 0);
	kfree(leaked);
	leaked = NULL;
	KTEST_EXPECT(t, fault_nth_run(t, &lost, false).leaks > 0);
	free_page((unsigned long)leaked);
	KTEST_EXPECT(t, fault_nth_run(t, &silence, false).unsaid > 0);
	KTEST_EXPECT(t, fault_nth_run(t, &crash, false).wrong > 0);
	mm_bug_quiet(true);
	tally = fault_nth_run(t, &twice, false);
	mm_bug_quiet(false);
	KTEST_EXPECT(t, tally.bugs > 0);
}

static const struct ktest_case fault_nth_cases[] = {
	KTEST_CASE(mistakes_are_seen),
	KTEST_CASE(objects_and_pages),
	KTEST_CASE(nofail_is_never_refused),
	KTEST_CASE(commands),
	KTEST_CASE(no_command_is_left_out),
	KTEST_CASE(looking_takes_no_memory),
	KTEST_CASE(boot),
};
KTEST_SUITE(fault_nth, fault_nth_cases);
