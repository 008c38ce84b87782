/*
 * What one CPU waits for until another one is done, with threads as CPUs; and a CPU whose stacks
 * are under way, which portable ports alone know.
 *
 * Who waits turns in a loop, which the port counts. So the other side goes on when it has seen
 * that, however busy the host is.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "mm/fault.h"
#include "mm/internal.h"

#include <kernel/errno.h>
#include <kernel/ktest.h>
#include <kernel/string.h>
#include <port/stack.h>

#include "waiter.h"

#define PATIENCE_NS	50000000L	/* 50 ms; a call that does not wait takes microseconds */

static bool arrived;			/* the other thread is where its case wants it */

static void set(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

static void be_patient(void)
{
	static const struct timespec patience = { 0, PATIENCE_NS };

	while (!__atomic_load_n(&arrived, __ATOMIC_ACQUIRE))
		port_relax();
	nanosleep(&patience, NULL);
}

/* ---- reclaim ------------------------------------------------------------- */

static struct ktest *owner;
static unsigned int scans;
static pthread_t waiter;
static unsigned long waiter_got;

static unsigned long count_one(struct shrinker *shrinker, gfp_t gfp)
{
	(void)shrinker;
	(void)gfp;
	return 1;
}

static unsigned long scan_nothing(struct shrinker *shrinker, gfp_t gfp, unsigned long nr)
{
	(void)shrinker;
	(void)gfp;
	(void)nr;
	return 0;
}

static struct shrinker bystander = {
	.count_objects = count_one,
	.scan_objects = scan_nothing,
	.name = "bystander",
};

static void *reclaims_too(void *arg)
{
	(void)arg;
	waiter_arrives();
	waiter_got = reclaim(&kernel_mm, GFP_KERNEL);
	waiter_passes();
	return NULL;
}

static void *unregisters(void *arg)
{
	(void)arg;
	waiter_arrives();
	unregister_shrinker(&bystander);
	waiter_passes();
	return NULL;
}

/* The reclaimer's callback, in which another CPU comes along. */
static unsigned long scan_while_other_waits(struct shrinker *shrinker, gfp_t gfp,
					    unsigned long nr)
{
	void *(*other)(void *) = scans++ == 0 ? reclaims_too : unregisters;

	(void)shrinker;
	(void)gfp;
	(void)nr;
	waiter = waiter_start(owner, other, NULL);
	await_waiters(1);
	KTEST_EXPECT(owner, !waiter_has_passed());
	return 1;		/* as if a page came free */
}

static struct shrinker slow = {
	.count_objects = count_one,
	.scan_objects = scan_while_other_waits,
	.name = "slow",
};

/* Who waited is told what came free meanwhile. It has asked nobody by itself. */
static void one_cpu_reclaims_at_a_time(struct ktest *t)
{
	unsigned long freed;

	owner = t;
	scans = 0;
	waiter_got = 0;
	register_shrinker(&slow);
	freed = reclaim(&kernel_mm, GFP_KERNEL);
	pthread_join(waiter, NULL);
	KTEST_EXPECT(t, waiter_has_passed());
	KTEST_EXPECT(t, freed >= 1);
	KTEST_EXPECT_EQ(t, waiter_got, freed);
	KTEST_EXPECT_EQ(t, scans, 1);
	unregister_shrinker(&slow);
}

static void a_shrinker_leaves_when_no_callback_runs(struct ktest *t)
{
	owner = t;
	scans = 1;
	register_shrinker(&bystander);
	register_shrinker(&slow);
	(void)reclaim(&kernel_mm, GFP_KERNEL);
	pthread_join(waiter, NULL);
	KTEST_EXPECT(t, waiter_has_passed());
	KTEST_EXPECT_EQ(t, scans, 2);
	unregister_shrinker(&slow);
}

/*
 * CPUs come along in a run that frees nothing. One of them does the next run, and the others have
 * waited for it too, or find that it has ended: nobody asks a third time. So many, and so often,
 * that both happens.
 */
#define LATE_ROUNDS	10

static pthread_t late[8];
static unsigned long late_got;

static void *comes_late(void *arg)
{
	(void)arg;
	waiter_arrives();
	__atomic_fetch_add(&late_got, reclaim(&kernel_mm, GFP_KERNEL), __ATOMIC_RELAXED);
	waiter_passes();
	return NULL;
}

static unsigned long scan_in_vain(struct shrinker *shrinker, gfp_t gfp, unsigned long nr)
{
	(void)shrinker;
	(void)gfp;
	(void)nr;
	if (scans++ == 0) {
		late[0] = waiter_start(owner, comes_late, NULL);
		for (unsigned int i = 1; i < ARRAY_SIZE(late); i++)
			late[i] = waiter_start_one_more(owner, comes_late, NULL);
		await_waiters(ARRAY_SIZE(late));
	}
	return 0;
}

static struct shrinker vain = {
	.count_objects = count_one,
	.scan_objects = scan_in_vain,
	.name = "vain",
};

static void two_runs_in_vain_are_enough(struct ktest *t)
{
	owner = t;
	late_got = 0;
	while (reclaim(&kernel_mm, GFP_KERNEL))
		;			/* what others could spare */
	register_shrinker(&vain);
	for (unsigned int round = 0; round < LATE_ROUNDS; round++) {
		scans = 0;
		KTEST_EXPECT_EQ(t, reclaim(&kernel_mm, GFP_KERNEL), 0);
		for (unsigned int i = 0; i < ARRAY_SIZE(late); i++)
			pthread_join(late[i], NULL);
		KTEST_EXPECT_EQ(t, scans, 2);
	}
	KTEST_EXPECT_EQ(t, late_got, 0);
	unregister_shrinker(&vain);
}

/* From inside a callback it must not wait for itself. */
static unsigned long scan_and_leave(struct shrinker *shrinker, gfp_t gfp, unsigned long nr)
{
	(void)gfp;
	(void)nr;
	unregister_shrinker(shrinker);
	scans++;
	return 0;
}

static struct shrinker leaver = {
	.count_objects = count_one,
	.scan_objects = scan_and_leave,
	.name = "leaver",
};

static void a_callback_may_unregister_its_own(struct ktest *t)
{
	scans = 0;
	register_shrinker(&leaver);
	(void)reclaim(&kernel_mm, GFP_KERNEL);
	(void)reclaim(&kernel_mm, GFP_KERNEL);
	KTEST_EXPECT_EQ(t, scans, 1);
}

/* ---- caches and locks ---------------------------------------------------- */

static void *destroys(void *arg)
{
	waiter_arrives();
	waiter_got = (unsigned long)kmem_cache_destroy(arg);
	waiter_passes();
	return NULL;
}

/* Walkers over all caches let go of the list and pin the cache that they are at. */
static void destroy_waits_for_walkers(struct ktest *t)
{
	struct kmem_cache *cache = kmem_cache_create("pinned", 64, 0, 0, NULL);
	unsigned long flags;

	KTEST_ASSERT(t, cache);
	cache->pins++;
	waiter = waiter_start(t, destroys, cache);
	await_waiters(1);
	KTEST_EXPECT(t, !waiter_has_passed());
	flags = spin_lock_irqsave(&cache_list_lock);
	cache->pins--;
	spin_unlock_irqrestore(&cache_list_lock, flags);
	pthread_join(waiter, NULL);
	KTEST_EXPECT_EQ(t, waiter_got, 0);
	KTEST_EXPECT(t, !kmem_cache_find("pinned"));
}

static struct spinlock lock = SPINLOCK_INIT;

/* Without a change of the interrupts' state, for who has masked them. */
static void a_lock_under_masked_interrupts(struct ktest *t)
{
	unsigned long irq = port_irq_save();

	spin_lock(&lock);
	KTEST_EXPECT(t, spin_is_held(&lock));
	spin_unlock(&lock);
	KTEST_EXPECT(t, !spin_is_held(&lock));
	KTEST_EXPECT(t, !port_irqs_enabled());
	port_irq_restore(irq);
}

static void *takes_lock(void *arg)
{
	unsigned long flags;

	(void)arg;
	waiter_arrives();
	flags = spin_lock_irqsave(&lock);
	waiter_passes();
	spin_unlock_irqrestore(&lock, flags);
	return NULL;
}

static void a_lock_is_waited_for(struct ktest *t)
{
	unsigned long flags = spin_lock_irqsave(&lock);

	waiter = waiter_start(t, takes_lock, NULL);
	await_waiters(1);
	KTEST_EXPECT(t, !waiter_has_passed());
	KTEST_EXPECT(t, spin_is_held(&lock));
	spin_unlock_irqrestore(&lock, flags);
	pthread_join(waiter, NULL);
	KTEST_EXPECT(t, waiter_has_passed());
	KTEST_EXPECT(t, !spin_is_held(&lock));
}

/* ---- what one CPU leaves to another -------------------------------------- */

static struct kmem_cache *shared;
static struct page *handed[4];
static void *objects[256];
static unsigned int nr_objects, barn_full, barn_empty;
static uint64_t sheaves_out;

static void run_on_another_cpu(struct ktest *t, void *(*fn)(void *))
{
	pthread_join(waiter_start(t, fn, NULL), NULL);
}

static void *frees_pages(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < ARRAY_SIZE(handed); i++)
		__free_page(handed[i]);
	drain_local_pages();
	return NULL;
}

/* A CPU whose first act is a free has no stack yet to put the page on. */
static void a_cpus_first_act_may_be_a_free(struct ktest *t)
{
	uint64_t free;

	drain_local_pages();
	free = nr_free_pages();
	for (unsigned int i = 0; i < ARRAY_SIZE(handed); i++) {
		handed[i] = alloc_page(GFP_KERNEL);
		KTEST_ASSERT(t, handed[i]);
	}
	run_on_another_cpu(t, frees_pages);
	drain_local_pages();
	KTEST_EXPECT_EQ(t, nr_free_pages(), free);
	KTEST_EXPECT_EQ(t, mm_verify_instance(&kernel_mm, &seq_console), 0);
}

static bool open_shared(struct ktest *t, const char *name)
{
	shared = kmem_cache_create(name, 64, 0, 0, NULL);
	if (!shared)
		ktest_fail(t, __FILE__, __LINE__, "no cache");
	return shared != NULL;
}

/* Six sheaves' worth are freed here: main and spare are full, and four are in the barn. */
static void fill_barn(struct ktest *t)
{
	nr_objects = 6 * shared->sheaf_size;
	for (unsigned int i = 0; i < nr_objects; i++)
		objects[i] = kmem_cache_alloc(shared, GFP_KERNEL);
	for (unsigned int i = 0; i < nr_objects; i++) {
		KTEST_EXPECT(t, objects[i]);
		kmem_cache_free(shared, objects[i]);
	}
	KTEST_EXPECT(t, shared->nr_barn_full >= 3);
}

static void *takes_one(void *arg)
{
	(void)arg;
	objects[0] = kmem_cache_alloc(shared, GFP_KERNEL);
	barn_full = shared->nr_barn_full;
	sheaf_drain_cpus(shared);	/* nobody calls a thread that has ended */
	return NULL;
}

/* A CPU with one sheaf, which is empty, takes a full one: the slabs are not asked. */
static void a_full_sheaf_serves_another_cpu(struct ktest *t)
{
	unsigned int full;
	uint64_t out;

	if (!open_shared(t, "cpus-barn"))
		return;
	fill_barn(t);
	full = shared->nr_barn_full;
	out = shared->nr_out;
	run_on_another_cpu(t, takes_one);
	KTEST_EXPECT(t, objects[0]);
	KTEST_EXPECT_EQ(t, barn_full, full - 1);
	KTEST_EXPECT_EQ(t, shared->nr_out, out - (shared->sheaf_size - 1));
	kmem_cache_free(shared, objects[0]);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(shared), 0);
}

/* All objects of a refill, so that its sheaf is empty, and stays where no call can fetch it. */
static void *takes_a_sheafful(void *arg)
{
	(void)arg;
	for (nr_objects = 0; nr_objects < shared->sheaf_size; nr_objects++)
		objects[nr_objects] = kmem_cache_alloc(shared, GFP_KERNEL);
	return NULL;
}

static void *drains_its_own(void *arg)
{
	(void)arg;
	sheaf_drain_cpus(shared);
	return NULL;
}

/* The next cache would get the number of this one, and find a sheaf of another size. */
static void a_cache_with_a_sheaf_out_of_reach_stays(struct ktest *t)
{
	unsigned int level = log_level();

	if (!open_shared(t, "cpus-reach"))
		return;
	run_on_another_cpu(t, takes_a_sheafful);
	for (unsigned int i = 0; i < nr_objects; i++)
		kmem_cache_free(shared, objects[i]);
	log_set_level(LOGLEVEL_EMERG);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(shared), -EBUSY);
	log_set_level(level);
	KTEST_EXPECT(t, kmem_cache_find("cpus-reach") == shared);
	run_on_another_cpu(t, drains_its_own);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(shared), 0);
}

/* A barn that may keep nothing more: the sheaf that was emptied goes back where it came from. */
static void a_barn_that_is_full_keeps_no_empty_sheaf(struct ktest *t)
{
	struct kmem_cache *sheaves = kmem_cache_find("sheaf");
	unsigned int full, empty;
	uint64_t out;

	KTEST_ASSERT(t, sheaves);
	if (!open_shared(t, "cpus-full"))
		return;
	fill_barn(t);
	full = shared->nr_barn_full;
	empty = shared->nr_barn_empty;
	out = sheaves->nr_out;
	shared->barn_max = 0;
	for (unsigned int i = 0; i < nr_objects; i++) {
		objects[i] = kmem_cache_alloc(shared, GFP_KERNEL);
		KTEST_EXPECT(t, objects[i]);
	}
	KTEST_EXPECT_EQ(t, shared->nr_barn_empty, empty);
	KTEST_EXPECT(t, shared->nr_barn_full < full);
	KTEST_EXPECT_EQ(t, sheaves->nr_out, out - (full - shared->nr_barn_full));
	for (unsigned int i = 0; i < nr_objects; i++)
		kmem_cache_free(shared, objects[i]);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(shared), 0);
}

/* All but the last of the objects go to this thread's sheaves; the last one needs a third sheaf. */
static void *frees_until_a_sheaf_is_needed(void *arg)
{
	unsigned int i = 0;

	(void)arg;
	for (; i < 2 * shared->sheaf_size; i++)
		kmem_cache_free(shared, objects[i]);
	set(&arrived);
	while (!waiter_has_passed())
		port_relax();
	kmem_cache_free(shared, objects[i]);
	barn_full = shared->nr_barn_full;
	barn_empty = shared->nr_barn_empty;
	sheaves_out = kmem_cache_find("sheaf")->nr_out;
	sheaf_drain_cpus(shared);
	return NULL;
}

/*
 * While a CPU fetches a sheaf another one puts an empty one into the barn. The lock of the cache of
 * sheaves holds it up there, until its ticket shows that it waits.
 */
static void a_sheaf_too_many_goes_back(struct ktest *t)
{
	struct kmem_cache *sheaves = kmem_cache_find("sheaf");
	struct cpu_stack *empty;
	unsigned long flags;
	uint64_t out;

	KTEST_ASSERT(t, sheaves);
	if (!open_shared(t, "cpus-race"))
		return;
	nr_objects = 2 * shared->sheaf_size + 1;
	for (unsigned int i = 0; i < nr_objects; i++)
		objects[i] = kmem_cache_alloc(shared, GFP_KERNEL);
	empty = kmem_cache_alloc(sheaves, GFP_KERNEL);
	KTEST_ASSERT(t, empty);
	arrived = false;
	waiter = waiter_start(t, frees_until_a_sheaf_is_needed, NULL);
	while (!__atomic_load_n(&arrived, __ATOMIC_ACQUIRE))
		port_relax();
	out = sheaves->nr_out;
	flags = spin_lock_irqsave(&sheaves->lock);
	waiter_passes();
	while (__atomic_load_n(&sheaves->lock.next, __ATOMIC_ACQUIRE) == sheaves->lock.serving + 1)
		port_relax();
	empty->entry[0] = NULL;
	shared->barn_empty = empty;
	shared->nr_barn_empty = 1;
	spin_unlock_irqrestore(&sheaves->lock, flags);
	pthread_join(waiter, NULL);
	KTEST_EXPECT_EQ(t, sheaves_out, out);
	KTEST_EXPECT_EQ(t, barn_empty, 0);
	KTEST_EXPECT_EQ(t, barn_full, 1);
	KTEST_EXPECT_EQ(t, cache_nr_live(shared), 0);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(shared), 0);
}

/* ---- failures on purpose ------------------------------------------------- */

static struct page *block;
static struct memmap map;
static uint64_t early;

static void *takes_a_block(void *arg)
{
	(void)arg;
	block = alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4);
	early = early_alloc(&map, PAGE_SIZE, PAGE_SIZE, 0);
	return NULL;
}

/* Only the requests of the CPU that asked for it are counted, and only they fail. */
static void the_nth_request_is_one_of_this_cpus(struct ktest *t)
{
	static uint64_t storage[MEMMAP_BYTES(1, 4) / sizeof(uint64_t) + 1];

	memmap_init(&map, storage, 1, 4, 1ULL << 40);
	KTEST_EXPECT_EQ(t, memmap_add(&map, 1U << 20, 1U << 20, MEMMAP_USABLE), 0);
	KTEST_EXPECT_EQ(t, memmap_seal(&map), 0);
	fault_set_stacks(false);	/* so that each request is asked about */
	fault_nth_begin(1);
	run_on_another_cpu(t, takes_a_block);
	KTEST_EXPECT(t, block && early);
	KTEST_EXPECT(t, !alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4));
	KTEST_EXPECT(t, fault_nth_end());
	if (block)
		__free_pages(block, 4);
	fault_nth_begin(1);
	run_on_another_cpu(t, takes_a_block);
	KTEST_EXPECT(t, block && early);
	KTEST_EXPECT_EQ(t, early_alloc(&map, PAGE_SIZE, PAGE_SIZE, 0), 0);
	KTEST_EXPECT(t, fault_nth_end());
	fault_set_stacks(true);
	if (block)
		__free_pages(block, 4);
}

/* ---- a handler in the middle of a stack's operation ---------------------- */

/*
 * The interrupted code has set the flag: no stack of this CPU may be touched, and everything can
 * be had past them all the same.
 */
static void a_busy_cpus_stacks_are_left_alone(struct ktest *t)
{
	struct percpu *cpu = port_percpu();
	void **tops[NR_CPU_STACKS];
	struct page *page[2];
	void *object[2];

	object[0] = kmalloc(64, GFP_KERNEL);
	page[0] = alloc_page(GFP_KERNEL);
	KTEST_ASSERT(t, object[0] && page[0]);
	for (unsigned int i = 0; i < NR_CPU_STACKS; i++)
		tops[i] = cpu->top[i];
	cpu->busy = 1;
	KTEST_EXPECT(t, !stack_pop(STACK_SPARE));
	KTEST_EXPECT(t, !stack_push(STACK_SPARE, &cpu));
	object[1] = kmalloc(64, GFP_NOWAIT);
	page[1] = alloc_page(GFP_NOWAIT);
	KTEST_EXPECT(t, object[1] && object[1] != object[0]);
	KTEST_EXPECT(t, page[1] && page[1] != page[0]);
	for (unsigned int i = 0; i < 2; i++) {
		kfree(object[i]);
		if (page[i])
			__free_page(page[i]);
	}
	drain_local_pages();
	drain_all_pages();		/* asks again a few times, and then goes on */
	(void)kmem_cache_shrink(kmalloc_caches[kmalloc_class(64)]);
	KTEST_EXPECT_EQ(t, cpu->busy, 1);
	for (unsigned int i = 0; i < NR_CPU_STACKS; i++)
		KTEST_EXPECT(t, cpu->top[i] == tops[i]);
	cpu->busy = 0;
	KTEST_EXPECT_EQ(t, mm_verify_instance(&kernel_mm, &seq_console), 0);
}

/* The CPU gets out of its operation while another one, patiently, waits for what it keeps. */
static void *stops_being_busy(void *arg)
{
	struct percpu *cpu = arg;

	be_patient();
	waiter_passes();
	__atomic_store_n(&cpu->busy, 0, __ATOMIC_RELEASE);
	return NULL;
}

/* @turn: sheaves or lists of pages. Return: did it come back before the CPU was ready? */
static bool comes_back_early(struct ktest *t, void (*turn)(bool on))
{
	struct percpu *cpu = port_percpu();
	bool early_back;

	cpu->busy = 1;
	arrived = false;
	waiter = waiter_start(t, stops_being_busy, cpu);
	set(&arrived);
	turn(false);
	early_back = !waiter_has_passed();
	pthread_join(waiter, NULL);
	return early_back;
}

/* Who turns them off goes on when nothing lies there any more, not when it has asked once. */
static void a_busy_cpu_is_waited_for(struct ktest *t)
{
	struct page *page = alloc_page(GFP_KERNEL);
	void *object;

	if (!open_shared(t, "cpus-busy"))
		return;
	object = kmem_cache_alloc(shared, GFP_KERNEL);
	KTEST_ASSERT(t, page && object);
	kmem_cache_free(shared, object);
	KTEST_EXPECT(t, sheaf_nr_objects(shared) != 0);
	KTEST_EXPECT(t, !comes_back_early(t, sheaves_set));
	KTEST_EXPECT_EQ(t, sheaf_nr_objects(shared), 0);
	sheaves_set(true);

	__free_page(page);
	KTEST_EXPECT(t, port_percpu()->top[page_request_stack[0][0]] != stack_none);
	KTEST_EXPECT(t, !comes_back_early(t, page_lists_set));
	KTEST_EXPECT(t, port_percpu()->top[page_request_stack[0][0]] == stack_none);
	page_lists_set(true);
	KTEST_EXPECT_EQ(t, kmem_cache_destroy(shared), 0);
	KTEST_EXPECT_EQ(t, mm_verify_instance(&kernel_mm, &seq_console), 0);
}

static struct cpu_stack *guarded;
static unsigned int faults;
static bool was_busy;
static void *got_inside;
static int things[2];

/* Runs where an operation reads or writes the stack: an interrupt could come there as well. */
static void in_the_middle(int signal)
{
	(void)signal;
	faults++;
	was_busy = port_percpu()->busy;
	(void)mprotect(guarded, PAGE_SIZE, PROT_READ | PROT_WRITE);
	got_inside = stack_pop(STACK_SPARE);
}

/* The stack's memory cannot be had: the next operation that touches it is interrupted there. */
static void guard(void)
{
	faults = 0;
	was_busy = false;
	got_inside = NULL;
	(void)mprotect(guarded, PAGE_SIZE, PROT_NONE);
}

/* At its first look at the stack an operation has said that it is under way. */
static void an_operation_says_that_it_is_under_way(struct ktest *t)
{
	struct sigaction trap = { .sa_handler = in_the_middle }, before;

	guarded = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);
	KTEST_ASSERT(t, guarded != MAP_FAILED);
	KTEST_ASSERT(t, sigaction(SIGSEGV, &trap, &before) == 0);
	port_percpu()->top[STACK_SPARE] = stack_empty_top(guarded, 4);
	KTEST_EXPECT(t, stack_push(STACK_SPARE, &things[0]));
	guard();
	KTEST_EXPECT(t, stack_push(STACK_SPARE, &things[1]));
	KTEST_EXPECT_EQ(t, faults, 1);
	KTEST_EXPECT(t, was_busy && !got_inside);
	guard();
	KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[1]);
	KTEST_EXPECT_EQ(t, faults, 1);
	KTEST_EXPECT(t, was_busy && !got_inside);
	KTEST_EXPECT(t, stack_pop(STACK_SPARE) == &things[0]);
	KTEST_EXPECT(t, !stack_pop(STACK_SPARE) && !port_percpu()->busy);
	port_percpu()->top[STACK_SPARE] = stack_none;
	(void)sigaction(SIGSEGV, &before, NULL);
	munmap(guarded, PAGE_SIZE);
}

static const struct ktest_case cpus_cases[] = {
	KTEST_CASE(one_cpu_reclaims_at_a_time),
	KTEST_CASE(a_shrinker_leaves_when_no_callback_runs),
	KTEST_CASE(two_runs_in_vain_are_enough),
	KTEST_CASE(a_callback_may_unregister_its_own),
	KTEST_CASE(destroy_waits_for_walkers),
	KTEST_CASE(a_lock_is_waited_for),
	KTEST_CASE(a_lock_under_masked_interrupts),
	KTEST_CASE(a_cpus_first_act_may_be_a_free),
	KTEST_CASE(a_full_sheaf_serves_another_cpu),
	KTEST_CASE(a_cache_with_a_sheaf_out_of_reach_stays),
	KTEST_CASE(a_barn_that_is_full_keeps_no_empty_sheaf),
	KTEST_CASE(a_sheaf_too_many_goes_back),
	KTEST_CASE(the_nth_request_is_one_of_this_cpus),
	KTEST_CASE(a_busy_cpus_stacks_are_left_alone),
	KTEST_CASE(a_busy_cpu_is_waited_for),
	KTEST_CASE(an_operation_says_that_it_is_under_way),
};
KTEST_SUITE(cpus, cpus_cases);
