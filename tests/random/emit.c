/*
 * A short list as a test for tests/suites/, to be pasted there as it is.
 *
 * What slots hold becomes an array; the patterns and the checks of places are object_test.h's and
 * those written out here. A request that was refused leaves its entry empty, as it did in the list.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define INDENT	"\t"

static struct {
	const struct list *list;
	const struct outcome *outcome;
	int name[MAX_CPUS][NR_SLOTS];		/* index in the array; -1: not used */
	struct slot slot[MAX_CPUS][NR_SLOTS];	/* what the test holds by now */
	bool has_cache[MAX_CPUS][NR_CACHES];
	int nr_names;
} e;

static struct slot *slot_of(const struct op *op, unsigned int i)
{
	return &e.slot[op->cpu][op->slot + i];
}

static int name_of(const struct op *op, unsigned int i)
{
	return e.name[op->cpu][op->slot + i];
}

static unsigned int owner_of(const struct op *op, unsigned int cache)
{
	return cache < NR_SHARED ? 0 : op->cpu;
}

static unsigned int nr_slots(const struct op *op)
{
	bool many = op->kind == OP_PAGES_BULK || op->kind == OP_CACHE_BULK ||
		    op->kind == OP_FREE_BULK;

	return many ? op->size : 1;
}

/* Slots that stand beside each other stay so: bulk requests fill several. */
static void name_slots(void)
{
	memset(e.name, -1, sizeof(e.name));
	for (size_t i = 0; i < e.list->nr; i++) {
		const struct op *op = &e.list->ops[i];

		for (unsigned int k = 0; k < nr_slots(op); k++)
			e.name[op->cpu][op->slot + k] = 0;
	}
	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++) {
		for (unsigned int i = 0; i < NR_SLOTS; i++) {
			if (e.name[cpu][i] == 0)
				e.name[cpu][i] = e.nr_names++;
		}
	}
}

static const char *gfp_text(gfp_t gfp)
{
	static const struct { gfp_t bit; const char *name; } bits[] = {
		{ __GFP_DMA, " | __GFP_DMA" }, { __GFP_DMA32, " | __GFP_DMA32" },
		{ __GFP_HIGH, " | __GFP_HIGH" }, { __GFP_NORETRY, " | __GFP_NORETRY" },
		{ __GFP_ZERO, " | __GFP_ZERO" },
	};
	static char text[128];

	strcpy(text, gfp & __GFP_DIRECT_RECLAIM ? "GFP_KERNEL | __GFP_NOWARN" : "GFP_NOWAIT");
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		if (gfp & bits[i].bit)
			strcat(text, bits[i].name);
	}
	return text;
}

/* ---- what is taken and given ------------------------------------------------------------- */

static unsigned int align_of(const struct slot *slot)
{
	if (slot->kind == SLOT_PAGES)
		return (unsigned int)(PAGE_SIZE << slot->order);
	if (slot->kind == SLOT_EXACT)
		return (unsigned int)PAGE_SIZE;
	if (slot->kind == SLOT_CACHE)
		return (unsigned int)max_u64(cache_specs[slot->cache].align, 8);
	return 8;
}

static void emit_hold(const struct op *op, unsigned int i, struct slot slot, bool refused)
{
	bool zone = slot.kind != SLOT_CACHE;

	if (refused && e.outcome->why != WHY_REFUSED)
		return;
	slot.gfp = op->gfp;
	printf(INDENT "hold(t, %d, %zu, %u, %#llx, %s);\n", name_of(op, i), slot.bytes,
	       align_of(&slot),
	       zone && op->gfp & __GFP_DMA ? 16ULL << 20 :
	       zone && op->gfp & __GFP_DMA32 ? 4096ULL << 20 : MAX_PFN << PAGE_SHIFT,
	       op->gfp & __GFP_ZERO ? "0" :
	       slot.kind == SLOT_CACHE && cache_specs[slot.cache].has_ctor ? "CTOR_BYTE" : "-1");
	if (!refused)
		*slot_of(op, i) = slot;
}

static void emit_let_go(const struct op *op, unsigned int i)
{
	const struct slot *slot = slot_of(op, i);

	printf(INDENT "let_go(t, %d, %zu);\n", name_of(op, i), slot->bytes);
	if (slot->kind == SLOT_CACHE && cache_specs[slot->cache].has_ctor)
		printf(INDENT "construct(held[%d]);\n", name_of(op, i));
}

/* The call alone, as an expression. */
static const char *free_text(const struct op *op, unsigned int i)
{
	const struct slot *slot = slot_of(op, i);
	static char text[120];
	int name = name_of(op, i);

	if (slot->kind == SLOT_PAGES)
		snprintf(text, sizeof(text), "free_pages((unsigned long)held[%d], %u)", name,
			 slot->order);
	else if (slot->kind == SLOT_EXACT)
		snprintf(text, sizeof(text), "free_pages_exact(held[%d], %zu)", name, slot->bytes);
	else if (slot->kind == SLOT_CACHE && op->kind != OP_KFREE)
		snprintf(text, sizeof(text), "kmem_cache_free(cache[%u][%u], held[%d])",
			 owner_of(op, slot->cache), slot->cache, name);
	else
		snprintf(text, sizeof(text), "kfree(held[%d])", name);
	return text;
}

static void emit_free(const struct op *op, unsigned int i)
{
	if (slot_of(op, i)->kind == SLOT_EMPTY)
		return;
	emit_let_go(op, i);
	printf(INDENT "%s;\n", free_text(op, i));
	slot_of(op, i)->kind = SLOT_EMPTY;
}

static void emit_alloc(const struct op *op, bool refused)
{
	struct slot slot = { .kind = SLOT_KMALLOC, .bytes = op->size, .cache = op->cache };
	const char *gfp = gfp_text(op->gfp);
	int name = name_of(op, 0);

	if (op->kind == OP_PAGES) {
		slot = (struct slot){ .kind = SLOT_PAGES, .order = (uint8_t)op->size,
				      .bytes = PAGE_SIZE << op->size };
		printf(INDENT "held[%d] = (void *)__get_free_pages(%s, %u);\n", name, gfp,
		       op->size);
	} else if (op->kind == OP_PAGES_EXACT) {
		slot.kind = SLOT_EXACT;
		printf(INDENT "held[%d] = alloc_pages_exact(%u, %s);\n", name, op->size, gfp);
	} else if (op->kind == OP_KMALLOC) {
		printf(INDENT "held[%d] = %s(%u, %s);\n", name,
		       op->gfp & __GFP_ZERO && op->size % 2 ? "kzalloc" : "kmalloc", op->size, gfp);
	} else {
		slot.kind = SLOT_CACHE;
		slot.bytes = cache_specs[op->cache].size;
		printf(INDENT "held[%d] = kmem_cache_%salloc(cache[%u][%u], %s);\n", name,
		       op->gfp & __GFP_ZERO ? "z" : "", owner_of(op, op->cache), op->cache, gfp);
	}
	emit_hold(op, 0, slot, refused);
}

static void emit_bulk(const struct op *op, bool refused)
{
	struct slot slot = { .kind = SLOT_PAGES, .bytes = PAGE_SIZE };
	const char *gfp = gfp_text(op->gfp);

	if (op->kind == OP_CACHE_BULK) {
		slot = (struct slot){ .kind = SLOT_CACHE, .cache = op->cache,
				      .bytes = cache_specs[op->cache].size };
		printf(INDENT "KTEST_EXPECT_EQ(t, kmem_cache_alloc_bulk(cache[%u][%u], %s, %u,\n"
		       INDENT INDENT "&held[%d]), %u);\n", owner_of(op, op->cache), op->cache, gfp,
		       op->size, name_of(op, 0), refused ? 0 : op->size);
	} else {
		printf(INDENT "bulk(%s, %u, %d);\n", gfp, op->size, name_of(op, 0));
	}
	for (unsigned int i = 0; i < op->size && !refused; i++)
		emit_hold(op, i, slot, false);
}

static void emit_krealloc(const struct op *op, bool refused)
{
	struct slot *slot = slot_of(op, 0);
	int name = name_of(op, 0);

	printf(INDENT "let_go(t, %d, %zu);\n", name, slot->bytes);
	if (refused) {
		printf(INDENT "KTEST_EXPECT(t, !krealloc(held[%d], %u, %s));\n", name, op->size,
		       gfp_text(op->gfp));
		return;
	}
	printf(INDENT "held[%d] = krealloc(held[%d], %u, %s);\n", name, name, op->size,
	       gfp_text(op->gfp));
	printf(INDENT "let_go(t, %d, %zu);\n", name, (size_t)min_u64(slot->bytes, op->size));
	slot->bytes = op->size;
	emit_hold(op, 0, *slot, false);
}

/* ---- the rest ---------------------------------------------------------------------------- */

static const char *bug_text(enum mm_bug_kind kind)
{
	static const char *const names[MM_NR_BUG_KINDS] = {
		"MM_BUG_BAD_REQUEST", "MM_BUG_DOUBLE_FREE", "MM_BUG_BAD_POINTER",
		"MM_BUG_WRONG_CACHE", "MM_BUG_WRONG_ORDER", "MM_BUG_RESERVED",
		"MM_BUG_LIVE_OBJECTS", "MM_BUG_CORRUPTED",
	};

	return names[kind];
}

static void emit_inside(const struct op *op, const struct slot *slot, int name)
{
	size_t offset = 8 * (1 + op->size % max_u64((slot->bytes - 1) / 8, 1));

	if (slot->kind == SLOT_CACHE)
		printf("kmem_cache_free(cache[%u][%u], (char *)held[%d] + %zu)",
		       owner_of(op, slot->cache), slot->cache, name, offset);
	else if (slot->kind == SLOT_KMALLOC)
		printf("kfree((char *)held[%d] + %zu)", name, offset);
	else if (slot->kind == SLOT_PAGES && slot->order > 0)
		printf("__free_pages(virt_to_page(held[%d]) + %u, 0)", name,
		       1 + op->size % ((1U << slot->order) - 1));
	else
		printf("free_pages((unsigned long)held[%d] + 8, 0)", name);
}

static void emit_request(const struct op *op)
{
	static const char *const texts[] = {
		"KTEST_EXPECT(t, !alloc_pages(GFP_KERNEL, MAX_ORDER))",
		"KTEST_EXPECT(t, !alloc_pages(0x80000000U, 0))",
		"KTEST_EXPECT(t, !alloc_pages_exact(0, GFP_KERNEL))",
		"KTEST_EXPECT(t, !alloc_pages_exact(KMALLOC_MAX_SIZE + 1, GFP_KERNEL))",
		"KTEST_EXPECT(t, !kmem_cache_create(\"random bad\", 8, 0, 0, NULL))",
		"KTEST_EXPECT(t, !kmem_cache_create(\"random-bad\", 8, 24, 0, NULL))",
	};
	static const char *const frees[] = {
		"__free_pages(pfn_to_page(0), 0)", "__free_pages(pfn_to_page(0xa0), 0)",
		"kfree(phys_to_virt(64))", "kmem_cache_free(kmalloc_caches[0], phys_to_virt(128))",
	};

	printf("%s", op->kind == OP_BUG_REQUEST ? texts[op->size % 6] : frees[op->size % 4]);
}

static void emit_misuse(const struct op *op, const struct result *result)
{
	struct slot *slot = slot_of(op, 0);
	int name = name_of(op, 0);

	if (op->kind == OP_BUG_TWICE) {
		emit_let_go(op, 0);
		printf(INDENT "%s;\n", free_text(op, 0));
	}
	printf(INDENT "EXPECT_BUGS(t, %s, %u, ", bug_text((enum mm_bug_kind)result->bug),
	       result->nr_bugs);
	if (op->kind == OP_BUG_TWICE)
		printf("%s", free_text(op, 0));
	else if (op->kind == OP_BUG_CACHE)
		printf("kmem_cache_free(cache[%u][%u], held[%d])", owner_of(op, op->cache),
		       op->cache, name);
	else if (op->kind == OP_BUG_INSIDE)
		emit_inside(op, slot, name);
	else if (op->kind == OP_BUG_ORDER)
		printf("__free_pages(virt_to_page(held[%d]), %u)", name,
		       slot->kind == SLOT_KMALLOC && slot->bytes > KMALLOC_MAX_CACHE_SIZE ?
		       LARGE_ORDER(slot->bytes) : op->size % MAX_ORDER);
	else if (op->kind == OP_BUG_LIVE)
		printf("KTEST_EXPECT(t, kmem_cache_destroy(cache[%u][%u]) != 0)",
		       owner_of(op, op->cache), op->cache);
	else
		emit_request(op);
	printf(");\n");
	if (op->kind == OP_BUG_TWICE)
		slot->kind = SLOT_EMPTY;
}

static void emit_create(unsigned int cpu, unsigned int cache)
{
	const struct cache_spec *spec = &cache_specs[cache];

	if (e.has_cache[cpu][cache])
		return;
	e.has_cache[cpu][cache] = true;
	printf(INDENT "cache[%u][%u] = kmem_cache_create(\"random-%u-%u\", %u, %u, %#x, %s);\n",
	       cpu, cache, cpu, cache, spec->size, spec->align, spec->flags,
	       spec->has_ctor ? "construct" : "NULL");
}

static void emit_destroy(const struct op *op)
{
	unsigned int owner = owner_of(op, op->cache);

	for (unsigned int i = 0; i < NR_SLOTS; i++) {
		struct op at = { .cpu = op->cpu, .slot = (uint16_t)i, .kind = OP_FREE };

		if (slot_of(&at, 0)->kind == SLOT_CACHE && slot_of(&at, 0)->cache == op->cache)
			emit_free(&at, 0);
	}
	printf(INDENT "KTEST_EXPECT_EQ(t, kmem_cache_destroy(cache[%u][%u]), 0);\n", owner,
	       op->cache);
	e.has_cache[owner][op->cache] = false;
}

static void emit_plain(const struct op *op)
{
	if (op->kind == OP_SHRINK)
		printf(INDENT "(void)kmem_cache_shrink(cache[%u][%u]);\n", owner_of(op, op->cache),
		       op->cache);
	else if (op->kind == OP_MIN_EMPTY)
		printf(INDENT "kmem_cache_set_min_empty(cache[%u][%u], %u);\n",
		       owner_of(op, op->cache), op->cache, op->size);
	else if (op->kind == OP_DRAIN_LOCAL)
		printf(INDENT "drain_local_pages();\n");
	else if (op->kind == OP_DRAIN_ALL)
		printf(INDENT "drain_all_pages();\n");
	else if (op->kind == OP_DRAIN_CACHES)
		printf(INDENT "caches_drain();\n");
	else if (op->kind == OP_CHECK)
		printf(INDENT "EXPECT_SOUND(t);\n");
}

/* As free_bulk() of execute.c: those of the cache among the slots. */
static void emit_free_bulk(const struct op *op)
{
	unsigned int nr = 0;

	printf(INDENT "{\n");
	printf(INDENT "void *objects[%u];\n\n", op->size);
	for (unsigned int i = 0; i < op->size; i++) {
		if (slot_of(op, i)->kind != SLOT_CACHE || slot_of(op, i)->cache != op->cache)
			continue;
		emit_let_go(op, i);
		printf(INDENT "objects[%u] = held[%d];\n", nr++, name_of(op, i));
		slot_of(op, i)->kind = SLOT_EMPTY;
	}
	printf(INDENT "kmem_cache_free_bulk(cache[%u][%u], %u, objects);\n",
	       owner_of(op, op->cache), op->cache, nr);
	printf(INDENT "}\n");
}

static void emit_op(const struct op *op, const struct result *result)
{
	bool refused = result->done == DONE_REFUSED;

	if (op->kind >= OP_BUG_TWICE)
		emit_misuse(op, result);
	else if (op->kind == OP_PAGES_BULK || op->kind == OP_CACHE_BULK)
		emit_bulk(op, refused);
	else if (op->kind <= OP_KMALLOC || op->kind == OP_CACHE)
		emit_alloc(op, refused);
	else if (op->kind == OP_KREALLOC)
		emit_krealloc(op, refused);
	else if (op->kind == OP_FREE || op->kind == OP_KFREE || op->kind == OP_POST)
		emit_free(op, 0);
	else if (op->kind == OP_FREE_BULK)
		emit_free_bulk(op);
	else if (op->kind == OP_CREATE && !refused)
		emit_create(owner_of(op, op->cache), op->cache);
	else if (op->kind == OP_DESTROY)
		emit_destroy(op);
	else
		emit_plain(op);
}

/* ---- the file ---------------------------------------------------------------------------- */

static bool names_cache(const struct op *op)
{
	return op->kind == OP_CACHE || op->kind == OP_CACHE_BULK || op->kind == OP_SHRINK ||
	       op->kind == OP_MIN_EMPTY || op->kind == OP_DESTROY || op->kind == OP_BUG_CACHE;
}

static bool needs_caches(void)
{
	for (size_t i = 0; i < e.list->nr; i++) {
		if (names_cache(&e.list->ops[i]) || e.list->ops[i].kind == OP_CREATE)
			return true;
	}
	return false;
}

static void emit_head(void)
{
	printf("/*\n * %zu random operations, shrunk from seed %#" PRIx64 ": %s.\n */\n",
	       e.list->nr, e.list->seed, e.outcome->text[0] ? e.outcome->text : "it died");
	puts("#include <kernel/work.h>\n\n#include \"object_test.h\"\n");
	printf("#define CTOR_BYTE\t%#x\n\n", CTOR_BYTE);
	printf("static void *held[%d];\n", e.nr_names + 1);
	if (needs_caches())
		printf("static struct kmem_cache *cache[%u][%u];\n", MAX_CPUS, NR_CACHES);
	putchar('\n');
	puts("static inline void construct(void *object)\n{\n"
	     "\tmemset(object, CTOR_BYTE, 64);\n}\n");
	puts("static inline void hold(struct ktest *t, unsigned int i, size_t bytes,\n"
	     "\t\t\tsize_t align, uint64_t limit, int content)\n{\n"
	     "\tKTEST_ASSERT(t, held[i]);\n"
	     "\tKTEST_EXPECT_EQ(t, virt_to_phys(held[i]) % align, 0);\n"
	     "\tKTEST_EXPECT(t, virt_to_phys(held[i]) + bytes <= limit);\n"
	     "\tif (content >= 0)\n"
	     "\t\tKTEST_EXPECT(t, is_all(held[i], (unsigned char)content, content ? 64 : bytes));\n"
	     "\tpattern_fill(held[i], bytes, i + 0xa5);\n}\n");
	puts("static inline void let_go(struct ktest *t, unsigned int i, size_t bytes)\n{\n"
	     "\tKTEST_EXPECT(t, !held[i] || pattern_holds(held[i], bytes, i + 0xa5));\n}\n");
	puts("static inline void bulk(gfp_t gfp, unsigned long nr, unsigned int i)\n{\n"
	     "\tstruct page *pages[32] = { NULL };\n\n"
	     "\tnr = alloc_pages_bulk(gfp, nr, pages);\n"
	     "\tfor (unsigned long k = 0; k < nr; k++)\n"
	     "\t\theld[i + k] = page_address(pages[k]);\n}\n");
}

static void emit_body(unsigned int cpu)
{
	for (size_t i = 0; i < e.list->nr; i++) {
		const struct op *op = &e.list->ops[i];
		bool at = e.outcome->at[op->cpu] == i;	/* the one that failed has no result */
		struct result result = e.outcome->result[i];

		if (op->cpu != cpu || (result.done == DONE_SKIPPED && !at))
			continue;
		if (result.done == DONE_SKIPPED)
			result.done = e.outcome->why == WHY_REFUSED ? DONE_REFUSED : DONE;
		emit_op(op, &result);
	}
}

static void emit_end(void)
{
	for (unsigned int cpu = 0; cpu < e.list->nr_cpus; cpu++) {
		for (unsigned int i = 0; i < NR_SLOTS; i++) {
			struct op op = { .kind = OP_FREE, .cpu = (uint8_t)cpu };

			op.slot = (uint16_t)i;
			emit_free(&op, 0);
		}
	}
	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++) {
		for (unsigned int i = 0; i < NR_CACHES; i++) {
			if (e.has_cache[cpu][i])
				printf(INDENT "KTEST_EXPECT_EQ(t, "
				       "kmem_cache_destroy(cache[%u][%u]), 0);\n", cpu, i);
		}
	}
	printf(INDENT "EXPECT_SOUND(t);\n" INDENT "expect_free_state(t, &before);\n}\n\n");
}

/* The caches that the list finds there. */
static void emit_shared(void)
{
	for (unsigned int i = 0; i < NR_SHARED; i++) {
		for (size_t k = 0; k < e.list->nr; k++) {
			if (e.list->ops[k].cache == i && names_cache(&e.list->ops[k]))
				emit_create(0, i);
		}
	}
}

void emit(const struct list *list, const struct outcome *outcome)
{
	memset(&e, 0, sizeof(e));
	e.list = list;
	e.outcome = outcome;
	name_slots();
	puts("---- tests/suites/found_test.c ----");
	emit_head();
	if (list->nr_cpus > 1) {
		puts("/* What the CPUs did at the same time. */");
		for (unsigned int cpu = 0; cpu < list->nr_cpus; cpu++) {
			printf("static void on_cpu_%u(struct ktest *t)\n{\n\t(void)t;\n", cpu);
			emit_body(cpu);
			puts("}\n");
		}
		puts("static void on_cpu(unsigned int cpu, void *arg)\n{\n"
		     "\tvoid (*const bodies[])(struct ktest *t) = {");
		for (unsigned int cpu = 0; cpu < list->nr_cpus; cpu++)
			printf(INDENT INDENT "on_cpu_%u,\n", cpu);
		puts("\t};\n\n\tbodies[cpu](arg);\n}\n");
	}
	puts("static void found_by_random_operations(struct ktest *t)\n{\n"
	     "\tstruct free_state before = free_state_now();\n");
	if (list->nr_cpus > 1)
		printf(INDENT "if (port_nr_cpus() < %u) {\n" INDENT INDENT
		       "ktest_skip(t, \"too few CPUs\");\n" INDENT INDENT "return;\n" INDENT "}\n",
		       list->nr_cpus);
	emit_shared();
	if (list->nr_cpus > 1)
		printf(INDENT "work_run(%u, on_cpu, t);\n", list->nr_cpus);
	else
		emit_body(0);
	emit_end();
	puts("static const struct ktest_case found_cases[] = {\n"
	     "\tKTEST_CASE(found_by_random_operations),\n};\n"
	     "KTEST_SUITE(found, found_cases);\n---- end ----");
}
