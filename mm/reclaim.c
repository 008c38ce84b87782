/*
 * Shrinkers: those who hold memory that they could do without.
 *
 * Caches of objects register one for their empty slabs and sheaves (cache.c); a kernel's own caches
 * of files or names register theirs. When a request does not fit, each is asked how much it has and
 * told to free half of it, and the request is tried again; as it is asked again and again while
 * that helps, all of it comes back in the end, but a small shortage does not empty every cache.
 *
 * One CPU reclaims at a time, and no lock is held while callbacks run. The others wait for it and
 * then try their requests again: what it freed is as good for them. A callback that allocates with
 * __GFP_DIRECT_RECLAIM all the same gets no second round: reclaim() returns 0 inside itself.
 * unregister_shrinker() waits until no callback can be running, unless it is called by one.
 */

#include "internal.h"

/* Guards both. */
static struct spinlock reclaim_lock = SPINLOCK_RANKED(RANK_RECLAIM, "reclaim_lock");
static struct shrinker *shrinkers;
static unsigned int reclaimer;				/* CPU number + 1; 0: nobody */

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
	spin_unlock_irqrestore(&reclaim_lock, flags);
	if (!found)
		mm_bug(MM_BUG_BAD_REQUEST, shrinker, RET_IP, "shrinker %s is not registered",
		       shrinker->name);
}

/* Become the reclaimer. Return: false when there is one already: @self, or it has ended by now. */
static bool begin(unsigned int self, bool *inside)
{
	unsigned long flags = spin_lock_irqsave(&reclaim_lock);
	bool waited = false;

	*inside = reclaimer == self;
	while (reclaimer && !*inside) {
		spin_unlock_irqrestore(&reclaim_lock, flags);
		waited = true;
		port_relax();
		flags = spin_lock_irqsave(&reclaim_lock);
	}
	if (!waited && !*inside)
		reclaimer = self;
	spin_unlock_irqrestore(&reclaim_lock, flags);
	return !waited && !*inside;
}

static void end(void)
{
	unsigned long flags = spin_lock_irqsave(&reclaim_lock);

	reclaimer = 0;
	spin_unlock_irqrestore(&reclaim_lock, flags);
}

unsigned long reclaim(struct mm *mm, gfp_t gfp)
{
	unsigned long freed = 0;
	struct shrinker *next;
	bool inside;

	if (!begin(port_cpu() + 1, &inside))
		return !inside;
	for (struct shrinker *s = shrinkers; s; s = next) {
		unsigned long nr = s->count_objects(s, gfp);

		if (nr)
			freed += s->scan_objects(s, gfp, nr - nr / 2);
		next = s->next;
	}
	end();
	__atomic_fetch_add(&mm->reclaim_runs, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&mm->reclaimed, freed, __ATOMIC_RELAXED);
	return freed;
}
