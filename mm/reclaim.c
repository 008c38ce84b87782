/*
 * Shrinkers: those who hold memory that they could do without.
 *
 * Caches of objects register one for their empty slabs and sheaves (cache.c); a kernel's own caches
 * of files or names register theirs. When a request does not fit, each is asked how much it has and
 * told to free half of it, and the request is tried again; as it is asked again and again while
 * that helps, nearly all of it comes back in the end, but a small shortage does not empty every
 * cache.
 *
 * One CPU reclaims at a time, and no lock is held while callbacks run. The others wait for it and
 * then try their requests again: what it freed is as good for them. Who came in the middle of a
 * run that freed nothing may have come too late for it, and counts on the next one, which one CPU
 * does for all that wait. A callback that allocates with __GFP_DIRECT_RECLAIM all the same gets no
 * second round: reclaim() returns 0 inside itself.
 * unregister_shrinker() waits until no callback can be running, unless it is called by one: that
 * one may take off others, too, who are then not asked any more, but must not free itself.
 *
 * What CPUs keep for themselves comes back by interrupting all of them, which costs more than all
 * else here. So memory counts as short from a reclaim on, until a zone has more than its high
 * watermark again, and meanwhile no CPU begins to keep pages (page_cpu.c) or objects (sheaf.c):
 * requests and frees go to the zones and slabs, where everybody finds what is free, and the next
 * reclaim has nobody to interrupt. It is a hint, read and written without a lock.
 */

#include "internal.h"

/* Guards these; the counts are read without it as well. */
static struct spinlock reclaim_lock = SPINLOCK_RANKED(RANK_RECLAIM, "reclaim_lock");
static struct shrinker *shrinkers;
static struct shrinker *upcoming;			/* whom the reclaimer asks next */
static unsigned int reclaimer;				/* CPU number + 1; 0: nobody */
static unsigned long nr_runs;				/* that have ended */
static unsigned long total;				/* what they freed */

void register_shrinker(struct shrinker *shrinker)
{
	unsigned long flags = spin_lock_irqsave(&reclaim_lock);
	struct shrinker **link = &shrinkers;

	while (*link && *link != shrinker)
		link = &(*link)->next;
	if (!*link) {
		shrinker->next = NULL;
		*link = shrinker;
		shrinker = NULL;
	}
	spin_unlock_irqrestore(&reclaim_lock, flags);
	if (shrinker)
		mm_bug(MM_BUG_BAD_REQUEST, shrinker, RET_IP, "shrinker %s is registered already",
		       shrinker->name);
}

void unregister_shrinker(struct shrinker *shrinker)
{
	unsigned long flags = spin_lock_irqsave(&reclaim_lock);
	struct shrinker **link = &shrinkers;
	bool found;

	while (reclaimer && reclaimer != port_cpu() + 1) {
		spin_unlock_irqrestore(&reclaim_lock, flags);
		port_relax();
		flags = spin_lock_irqsave(&reclaim_lock);
	}
	while (*link && *link != shrinker)
		link = &(*link)->next;
	found = *link;
	if (found)
		*link = shrinker->next;
	if (found && upcoming == shrinker)
		upcoming = shrinker->next;
	spin_unlock_irqrestore(&reclaim_lock, flags);
	if (!found)
		mm_bug(MM_BUG_BAD_REQUEST, shrinker, RET_IP, "shrinker %s is not registered",
		       shrinker->name);
}

enum role { ROLE_INSIDE, ROLE_RECLAIMER, ROLE_WAITED };

/*
 * Become the reclaimer, or wait for the one that there is. @first: runs that had ended when this
 * CPU's shortage began; of two that have ended since, the second has begun since.
 */
static enum role begin(unsigned int self, unsigned long first)
{
	unsigned long flags = spin_lock_irqsave(&reclaim_lock);
	unsigned int other = reclaimer;
	unsigned long run = nr_runs;
	bool served = run - first >= 2;

	if (!other && !served)
		__atomic_store_n(&reclaimer, self, __ATOMIC_RELAXED);
	spin_unlock_irqrestore(&reclaim_lock, flags);
	if (other == self)
		return ROLE_INSIDE;
	if (served)
		return ROLE_WAITED;
	if (!other)
		return ROLE_RECLAIMER;
	/* Without the lock, which the reclaimer wants at its end. */
	while (__atomic_load_n(&nr_runs, __ATOMIC_ACQUIRE) == run) {
		/* It may be waiting for this CPU to run a call, which a port may do just here. */
		port_irq_restore(port_irq_save());
		port_relax();
	}
	return ROLE_WAITED;
}

static void end(unsigned long freed)
{
	unsigned long flags = spin_lock_irqsave(&reclaim_lock);

	__atomic_store_n(&total, total + freed, __ATOMIC_RELAXED);
	__atomic_store_n(&reclaimer, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&nr_runs, nr_runs + 1, __ATOMIC_RELEASE);
	spin_unlock_irqrestore(&reclaim_lock, flags);
}

/* All that a request of the highest zone could have, and a little more. */
static bool has_plenty(const struct zone *zone)
{
	return zone->managed && READ_ONCE(zone->nr_free) > zone->watermark[WMARK_HIGH] +
							    zone->lowmem_reserve[ZONE_NORMAL];
}

bool reclaim_is_short(void)
{
	if (likely(!READ_ONCE(kernel_mm.is_short)))
		return false;
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		if (has_plenty(&kernel_mm.zone[i]))
			WRITE_ONCE(kernel_mm.is_short, false);
	}
	return READ_ONCE(kernel_mm.is_short);
}

/* A callback may take any of them off the list, itself too, and other CPUs add some meanwhile. */
static struct shrinker *next_shrinker(bool first)
{
	unsigned long flags = spin_lock_irqsave(&reclaim_lock);
	struct shrinker *shrinker = first ? shrinkers : upcoming;

	upcoming = shrinker ? shrinker->next : NULL;
	spin_unlock_irqrestore(&reclaim_lock, flags);
	return shrinker;
}

static unsigned long ask(struct shrinker *shrinker, gfp_t gfp)
{
	unsigned long nr = shrinker->count_objects(shrinker, gfp), freed;

	if (nr == 0 || nr == SHRINK_EMPTY)
		return 0;
	freed = shrinker->scan_objects(shrinker, gfp, nr - nr / 2);
	return freed == SHRINK_STOP ? 0 : freed;
}

static unsigned long run_shrinkers(struct mm *mm, gfp_t gfp)
{
	unsigned long freed = 0;

	if (mm == &kernel_mm)
		WRITE_ONCE(mm->is_short, true);	/* before CPUs are drained, so that they stay so */
	for (struct shrinker *s = next_shrinker(true); s; s = next_shrinker(false))
		freed += ask(s, gfp);
	__atomic_fetch_add(&mm->reclaim_runs, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&mm->reclaimed, freed, __ATOMIC_RELAXED);
	return freed;
}

unsigned long reclaim(struct mm *mm, gfp_t gfp)
{
	unsigned long before = __atomic_load_n(&total, __ATOMIC_RELAXED), freed = 0;
	unsigned long first = __atomic_load_n(&nr_runs, __ATOMIC_ACQUIRE);

	for (unsigned int i = 0; i < 2 && !freed; i++) {
		enum role role = begin(port_cpu() + 1, first);

		if (role == ROLE_INSIDE)
			return 0;
		if (role == ROLE_RECLAIMER) {
			freed = run_shrinkers(mm, gfp);
			end(freed);
			return freed;
		}
		freed = __atomic_load_n(&total, __ATOMIC_RELAXED) - before;
	}
	return freed;
}
