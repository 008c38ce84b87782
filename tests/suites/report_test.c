/*
 * The reports. Text: known counters against literals, byte for byte, as Linux's format strings make
 * them. Agreement: the running system's files against each other.
 */
#include "mm/snapshot.h"

#include <kernel/ktest.h>
#include <kernel/string.h>

static char text[64 * 1024]; /* bytes; a dump has some 20000 */
static struct seq_buffer buffer;

static struct seq *fresh_buffer(void)
{
	seq_buffer_init(&buffer, text, sizeof(text));
	return &buffer.seq;
}

static const struct cache_snapshot two_caches[] = {
	{ .name = "task_struct",
	  .size = 1744,
	  .objects = 18,
	  .order = 3,
	  .nr_live = 20,
	  .nr_slabs = 3,
	  .nr_empty = 1 },
	{ .name = "a_name_longer_than_17_columns",
	  .size = 8,
	  .objects = 512,
	  .order = 0,
	  .nr_live = 1234567,
	  .nr_slabs = 2412,
	  .nr_empty = 0 },
};

/* A PC with 64 MiB: DMA and DMA32, no Normal. Figures are made up, and no two alike. */
static void fill(struct snapshot *snap)
{
	memset(snap, 0, sizeof(*snap));
	snap->zone[ZONE_DMA] = (struct zone_snapshot){
		.name = "DMA",
		.start_pfn = 1,
		.end_pfn = 4096,
		.present = 3998,
		.managed = 3840,
		.nr_free = 1037,
		.free = { 1, 2, 0, 1, 0, 0, 0, 0, 0, 0, 1 },
		.event = { 31, 7, 12, 5, 1 },
		.watermark = { 57, 71, 85 },
		.lowmem_reserve = { 0, 48, 48 },
	};
	snap->zone[ZONE_DMA32] = (struct zone_snapshot){
		.name = "DMA32",
		.start_pfn = 4096,
		.end_pfn = 16352,
		.present = 12256,
		.managed = 12200,
		.nr_free = 2560,
		.free = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2 },
		.event = { 900, 200, 40, 30, 3 },
		.watermark = { 180, 225, 270 },
		.lowmem_reserve = { 0, 0, 0 },
		.cpu_pages = { 117 },
		.cpu_high = 1148,
	};
	snap->zone[ZONE_NORMAL].name = "Normal";
	snap->slab_pages[0] = 2436;
	snap->slab_pages[1] = 9;
	snap->alloc_failed = 3;
	snap->reclaim_runs = 6;
	snap->reclaimed = 77;
	snap->nr_bugs = 2;
	snap->nr_cpus = 1;
	snap->locked = true;
}

static void buddyinfo_is_linux_to_the_byte(struct ktest *t)
{
	struct snapshot snap;

	fill(&snap);
	print_buddyinfo(fresh_buffer(), &snap);
	KTEST_EXPECT_STREQ(
		t, text,
		"Node 0, zone      DMA"
		"      1      2      0      1      0      0      0      0      0      0      1 \n"
		"Node 0, zone    DMA32"
		"      0      0      0      0      0      0      0      0      0      1      2 \n");
}

/* A count that needs more than six digits pushes its column, as in Linux. */
static void buddyinfo_widens_for_large_counts(struct ktest *t)
{
	struct snapshot snap;

	fill(&snap);
	snap.zone[ZONE_DMA].present = 0;
	snap.zone[ZONE_DMA32].free[0] = 999999;
	snap.zone[ZONE_DMA32].free[1] = 1000000;
	print_buddyinfo(fresh_buffer(), &snap);
	KTEST_EXPECT_STREQ(t, text,
			   "Node 0, zone    DMA32"
			   " 999999 1000000      0      0      0      0      0      0      0      "
			   "1      2 \n");
}

static void slabinfo_is_version_2_1(struct ktest *t)
{
	struct cache_snapshot table[ARRAY_SIZE(two_caches)];
	struct snapshot snap;

	fill(&snap);
	memcpy(table, two_caches, sizeof(table));
	snap.cache = table;
	snap.nr_caches = ARRAY_SIZE(table);
	print_slabinfo(fresh_buffer(), &snap);
	KTEST_EXPECT_STREQ(
		t, text,
		"slabinfo - version: 2.1\n"
		"# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
		" : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> "
		"<num_slabs> <sharedavail>\n"
		"task_struct           20     54   1744   18    8"
		" : tunables    0    0    0 : slabdata      2      3      0\n"
		"a_name_longer_than_17_columns 1234567 1234944      8  512    1"
		" : tunables    0    0    0 : slabdata   2412   2412      0\n");
}

static const char zoneinfo_text[] = "Node 0, zone      DMA\n"
				    "  per-node stats\n"
				    "      nr_inactive_anon 0\n"
				    "      nr_active_anon 0\n"
				    "      nr_inactive_file 0\n"
				    "      nr_active_file 0\n"
				    "      nr_unevictable 0\n"
				    "      nr_slab_reclaimable 9\n"
				    "      nr_slab_unreclaimable 2436\n"
				    "  pages free     1037\n"
				    "        boost    0\n"
				    "        min      57\n"
				    "        low      71\n"
				    "        high     85\n"
				    "        spanned  4095\n"
				    "        present  3998\n"
				    "        managed  3840\n"
				    "        cma      0\n"
				    "        protection: (0, 48, 48)\n"
				    "      nr_free_pages 1037\n"
				    "  pagesets\n"
				    "    cpu: 0\n"
				    "              count: 0\n"
				    "              high:  0\n"
				    "              batch: 16\n"
				    "  vm stats threshold: 0\n"
				    "  node_unreclaimable:  0\n"
				    "  start_pfn:           1\n"
				    "Node 0, zone    DMA32\n"
				    "  pages free     2560\n"
				    "        boost    0\n"
				    "        min      180\n"
				    "        low      225\n"
				    "        high     270\n"
				    "        spanned  12256\n"
				    "        present  12256\n"
				    "        managed  12200\n"
				    "        cma      0\n"
				    "        protection: (0, 0, 0)\n"
				    "      nr_free_pages 2560\n"
				    "  pagesets\n"
				    "    cpu: 0\n"
				    "              count: 117\n"
				    "              high:  1148\n"
				    "              batch: 16\n"
				    "  vm stats threshold: 0\n"
				    "  node_unreclaimable:  0\n"
				    "  start_pfn:           4096\n"
				    "Node 0, zone   Normal\n"
				    "  pages free     0\n"
				    "        boost    0\n"
				    "        min      0\n"
				    "        low      0\n"
				    "        high     0\n"
				    "        spanned  0\n"
				    "        present  0\n"
				    "        managed  0\n"
				    "        cma      0\n"
				    "        protection: (0, 0, 0)\n";

static void zoneinfo_is_linux_to_the_byte(struct ktest *t)
{
	struct snapshot snap;

	fill(&snap);
	print_zoneinfo(fresh_buffer(), &snap);
	KTEST_EXPECT_STREQ(t, text, zoneinfo_text);
}

/*
 * MemTotal 3840 + 12200 pages of 4 KiB, MemFree 1037 + 2560. MemAvailable: free, less the reserves
 * 48 + 85 and 0 + 270, plus 9 reclaimable pages but for half of them: 3597 - 403 + 9 - 4 = 3199
 * pages.
 */
static void meminfo_is_linux_to_the_byte(struct ktest *t)
{
	struct snapshot snap;

	fill(&snap);
	print_meminfo(fresh_buffer(), &snap);
	KTEST_EXPECT_STREQ(t, text,
			   "MemTotal:          64160 kB\n"
			   "MemFree:           14388 kB\n"
			   "MemAvailable:      12796 kB\n"
			   "Buffers:               0 kB\n"
			   "Cached:                0 kB\n"
			   "Active:                0 kB\n"
			   "Inactive:              0 kB\n"
			   "Shmem:                 0 kB\n"
			   "KReclaimable:         36 kB\n"
			   "Slab:               9780 kB\n"
			   "SReclaimable:         36 kB\n"
			   "SUnreclaim:         9744 kB\n");
}

/* Free memory below the reserves is available to nobody: 0, not a wrapped number. */
static void available_never_wraps(struct ktest *t)
{
	struct snapshot snap;

	fill(&snap);
	snap.zone[ZONE_DMA].nr_free = 10;
	snap.zone[ZONE_DMA32].nr_free = 20;
	print_meminfo(fresh_buffer(), &snap);
	text[3 * 28] = '\0'; /* the first three lines of 28 characters */
	KTEST_EXPECT_STREQ(t, text,
			   "MemTotal:          64160 kB\n"
			   "MemFree:             120 kB\n"
			   "MemAvailable:          0 kB\n");
}

static void vmstat_is_names_and_values(struct ktest *t)
{
	struct snapshot snap;

	fill(&snap);
	print_vmstat(fresh_buffer(), &snap);
	KTEST_EXPECT_STREQ(t, text,
			   "nr_free_pages 3597\n"
			   "nr_slab_reclaimable 9\n"
			   "nr_slab_unreclaimable 2436\n"
			   "pgalloc_dma 31\n"
			   "pgalloc_dma32 900\n"
			   "pgalloc_normal 0\n"
			   "allocstall 6\n"
			   "pgfree 207\n"
			   "buddy_split 52\n"
			   "buddy_merge 35\n"
			   "buddy_carve 4\n"
			   "alloc_failed 3\n"
			   "reclaim_freed 77\n"
			   "mm_bugs 2\n");
}

static void zones_are_a_line_each(struct ktest *t)
{
	struct snapshot snap;

	fill(&snap);
	print_zones(fresh_buffer(), &snap);
	KTEST_EXPECT_STREQ(t, text,
			   "zone DMA    [0x00000001000-0x00000ffffff] pages: 3998 present, "
			   "3840 managed, 1037 free, watermarks 57/71/85\n"
			   "zone DMA32  [0x00001000000-0x00003fdffff] pages: 12256 present, "
			   "12200 managed, 2560 free, watermarks 180/225/270\n");
}

/*
 * An instance of its own: mm_snapshot() must copy what stands in it, and no cache of
 * another instance.
 */
static void snapshot_copies_an_instance(struct ktest *t)
{
	static struct mm mm;
	struct cache_snapshot table[1];
	struct snapshot snap;

	memset(&mm, 0, sizeof(mm));
	mm.zone[ZONE_DMA32].name = "DMA32";
	mm.zone[ZONE_DMA32].start_pfn = 4096;
	mm.zone[ZONE_DMA32].end_pfn = 8192;
	mm.zone[ZONE_DMA32].present = 4000;
	mm.zone[ZONE_DMA32].managed = 3900;
	mm.zone[ZONE_DMA32].nr_free = 1025;
	mm.zone[ZONE_DMA32].free[0].nr = 1;
	mm.zone[ZONE_DMA32].free[10].nr = 1;
	mm.zone[ZONE_DMA32].event[ZONE_EVENT_SPLIT] = 11;
	mm.zone[ZONE_DMA32].watermark[WMARK_HIGH] = 33;
	mm.zone[ZONE_DMA32].lowmem_reserve[ZONE_NORMAL] = 44;
	mm.alloc_failed = 5;
	mm_snapshot(&mm, &snap, table, ARRAY_SIZE(table));
	KTEST_EXPECT_STREQ(t, snap.zone[ZONE_NORMAL].name, "Normal");
	KTEST_EXPECT_EQ(t, snap.zone[ZONE_DMA].present, 0);
	KTEST_EXPECT_EQ(t, snap.zone[ZONE_DMA32].end_pfn, 8192);
	KTEST_EXPECT_EQ(t, snap.zone[ZONE_DMA32].managed, 3900);
	KTEST_EXPECT_EQ(t, snap.zone[ZONE_DMA32].nr_free, 1025);
	KTEST_EXPECT_EQ(t, snap.zone[ZONE_DMA32].free[10], 1);
	KTEST_EXPECT_EQ(t, snap.zone[ZONE_DMA32].event[ZONE_EVENT_SPLIT], 11);
	KTEST_EXPECT_EQ(t, snap.zone[ZONE_DMA32].watermark[WMARK_HIGH], 33);
	KTEST_EXPECT_EQ(t, snap.zone[ZONE_DMA32].lowmem_reserve[ZONE_NORMAL], 44);
	KTEST_EXPECT_EQ(t, snap.alloc_failed, 5);
	KTEST_EXPECT_EQ(t, snap.nr_caches, 0);
	KTEST_EXPECT(t, snap.locked);
}

static void live_counters_agree(struct ktest *t)
{
	struct cache_snapshot *table = cache_table_claim();
	struct snapshot snap;
	uint64_t managed = 0, slabs = 0;

	KTEST_ASSERT(t, table);
	mm_snapshot(&kernel_mm, &snap, table, MAX_CACHES);
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone_snapshot *zone = &snap.zone[i];
		uint64_t sum = 0;

		for (unsigned int order = 0; order < MAX_ORDER; order++)
			sum += zone->free[order] << order;
		KTEST_EXPECT_EQ(t, sum, zone->nr_free);
		KTEST_EXPECT(t, zone->nr_free <= zone->managed);
		KTEST_EXPECT(t, zone->managed <= zone->present);
		KTEST_EXPECT(t, zone->present <= zone->end_pfn - zone->start_pfn);
		managed += zone->managed;
	}
	KTEST_EXPECT(t, managed > 0);
	KTEST_EXPECT(t, snap.nr_caches > 0);
	for (unsigned int i = 0; i < snap.nr_caches; i++) {
		const struct cache_snapshot *cache = &table[i];

		KTEST_EXPECT(t, cache->nr_live <= cache->nr_slabs * cache->objects);
		KTEST_EXPECT(t, cache->nr_empty <= cache->nr_slabs);
		KTEST_EXPECT(t,
			     (uint64_t)cache->size * cache->objects <= PAGE_SIZE << cache->order);
		slabs += cache->nr_slabs << cache->order;
	}
	KTEST_EXPECT_EQ(t, slabs, snap.slab_pages[0] + snap.slab_pages[1]);
	cache_table_release();
}

/* The table has one holder; who comes second is told so, and prints nothing half. */
static void the_cache_table_has_one_holder(struct ktest *t)
{
	KTEST_ASSERT(t, cache_table_claim());
	KTEST_EXPECT(t, !cache_table_claim());
	report_slabinfo(fresh_buffer());
	KTEST_EXPECT_STREQ(t, text, "report: another CPU is printing the caches; try again\n");
	report_slabinfo_in_use(fresh_buffer());
	KTEST_EXPECT_STREQ(t, text, "report: another CPU is printing the caches; try again\n");
	report_dump(fresh_buffer());
	KTEST_EXPECT_STREQ(t, text, "report: another CPU is printing the caches; try again\n");
	cache_table_release();
	report_slabinfo(fresh_buffer());
	KTEST_EXPECT_EQ(t, strncmp(text, "slabinfo - version: 2.1\n", 24), 0);
}

static unsigned int nr_lines(void)
{
	unsigned int nr = 0;

	for (const char *at = text; *at; at++)
		nr += *at == '\n';
	return nr;
}

/* What boot shows: two lines of heading, one for each cache with a slab, how many have none. */
static void slabinfo_in_use_counts_the_idle(struct ktest *t)
{
	struct cache_snapshot *table = cache_table_claim();
	struct snapshot snap;
	unsigned int used = 0;
	char last[80]; /* bytes; the line is shorter */

	KTEST_ASSERT(t, table);
	mm_snapshot(&kernel_mm, &snap, table, MAX_CACHES);
	for (unsigned int i = 0; i < snap.nr_caches; i++)
		used += table[i].nr_slabs != 0;
	cache_table_release();
	KTEST_ASSERT(t, used > 0);
	ksnprintf(last, sizeof(last), "(%u more caches without a slab yet: slabinfo lists them)\n",
		  snap.nr_caches - used);
	report_slabinfo_in_use(fresh_buffer());
	KTEST_ASSERT(t, buffer.lost == 0);
	KTEST_EXPECT_EQ(t, nr_lines(), 2 + used + 1);
	KTEST_EXPECT_STREQ(t, text + strlen(text) - strlen(last), last);
}

static void memmap_may_be_missing(struct ktest *t)
{
	struct memmap *map = kernel_mm.map;

	kernel_mm.map = NULL;
	report_memmap(fresh_buffer());
	kernel_mm.map = map;
	KTEST_EXPECT_STREQ(t, text, "memmap: there is no map yet\n");
	kernel_mm.map = NULL;
	report_ledger(fresh_buffer());
	kernel_mm.map = map;
	KTEST_EXPECT_STREQ(t, text, "ledger: there is no map yet\n");
}

/* Each section opens with its name and closes, in the order that report.h promises. */
static void dump_has_all_files(struct ktest *t)
{
	static const char *const names[] = { "memmap",	"buddyinfo", "slabinfo", "zoneinfo",
					     "meminfo", "vmstat",    "ledger" };
	const char *at = text;
	char line[40]; /* bytes; the longest is "==> buddyinfo <==" */

	report_dump(fresh_buffer());
	KTEST_ASSERT(t, buffer.lost == 0);
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(names); i++) {
		size_t len;

		ksnprintf(line, sizeof(line), "==> %s <==\n", i % 2 ? "end" : names[i / 2]);
		len = strlen(line);
		while (*at && strncmp(at, line, len) != 0) {
			at = strchr(at, '\n');
			KTEST_ASSERT(t, at);
			at++;
		}
		KTEST_ASSERT(t, *at);
		at += len;
	}
	KTEST_EXPECT_EQ(t, *at, '\0');
}

static const struct ktest_case report_cases[] = {
	KTEST_CASE(buddyinfo_is_linux_to_the_byte), KTEST_CASE(buddyinfo_widens_for_large_counts),
	KTEST_CASE(slabinfo_is_version_2_1),	    KTEST_CASE(zoneinfo_is_linux_to_the_byte),
	KTEST_CASE(meminfo_is_linux_to_the_byte),   KTEST_CASE(available_never_wraps),
	KTEST_CASE(vmstat_is_names_and_values),	    KTEST_CASE(zones_are_a_line_each),
	KTEST_CASE(snapshot_copies_an_instance),    KTEST_CASE(live_counters_agree),
	KTEST_CASE(the_cache_table_has_one_holder), KTEST_CASE(dump_has_all_files),
	KTEST_CASE(slabinfo_in_use_counts_the_idle), KTEST_CASE(memmap_may_be_missing),
};
KTEST_SUITE(report, report_cases);
