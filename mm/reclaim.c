/*
 * Shrinkers: those who hold memory that they could do without.
 *
 * Caches of objects register one for their empty slabs (cache.c); a kernel's own caches of files or
 * names register theirs. When a request does not fit, each is asked how much it has and told to
 * free half of it, and the request is tried again; as it is asked again and again while that helps,
 * all of it comes back in the end, but a small shortage does not empty every cache.
 *
 * Locking: reclaim_lock is held over the callbacks, so a shrinker cannot be unregistered while it
 * runs. A callback that allocates with __GFP_DIRECT_RECLAIM all the same gets no second round:
 * reclaim() returns 0 inside itself.
 */

#include "internal.h"

static struct spinlock reclaim_lock = SPINLOCK_RANKED(RANK_RECLAIM, "reclaim_lock");
static struct shrinker *shrinkers;

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

unsigned long reclaim(struct mm *mm, gfp_t gfp)
{
	unsigned long freed = 0;
	unsigned long flags;

	if (spin_is_held(&reclaim_lock))
		return 0;
	flags = spin_lock_irqsave(&reclaim_lock);
	for (struct shrinker *s = shrinkers; s; s = s->next) {
		unsigned long nr = s->count_objects(s, gfp);

		if (nr)
			freed += s->scan_objects(s, gfp, nr - nr / 2);
	}
	spin_unlock_irqrestore(&reclaim_lock, flags);
	__atomic_fetch_add(&mm->reclaim_runs, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&mm->reclaimed, freed, __ATOMIC_RELAXED);
	return freed;
}
