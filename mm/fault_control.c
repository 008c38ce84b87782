/*
 * Settings of the failures on purpose, and what they need: the CPUs' stacks out of use.
 *
 * Settings come from the boot line (failslab=, fail_page_alloc=) or the console (commands_fault.c).
 * Those of the boot line wait until the boot is over: a cache with SLAB_PANIC that cannot be had
 * would end it.
 *
 * While a setting can make something fail, or could until its times were used up, no CPU has a
 * sheaf or a page list, so that each request comes by a hook. They are taken away and given back
 * for all caches and zones at once, between two requests of each CPU. That changes no result, only
 * the cost of requests. Changes of settings are made by one CPU at a time: the boot or the prompt.
 */

#include <kernel/errno.h>
#include <kernel/string.h>

#include "mm/fault.h"
#include "mm/internal.h"

#define NR_POSITIONS	4U	/* INTERVAL,PROBABILITY,SPACE,TIMES */
#define VALUE_MAX	CACHE_NAME_MAX	/* bytes of a value, with the NUL: names are longest */

enum attr_type { TYPE_COUNT, TYPE_PERCENT, TYPE_SPACE, TYPE_TIMES, TYPE_FLAG, TYPE_GLOB };

/* @kinds: one bit for each that has it. The first four are those of Linux's boot line, in order. */
struct attr_name {
	const char *name;
	size_t offset;
	enum attr_type type;
	unsigned int kinds;
};

#define BOTH		(1U << FAULT_SLAB | 1U << FAULT_PAGE_ALLOC)
#define PLACE(field)	offsetof(struct fault_attr, field)

static const struct attr_name attr_names[] = {
	{ "interval", PLACE(interval), TYPE_COUNT, BOTH },
	{ "probability", PLACE(probability), TYPE_PERCENT, BOTH },
	{ "space", PLACE(space), TYPE_SPACE, BOTH },
	{ "times", PLACE(times), TYPE_TIMES, BOTH },
	{ "verbose", PLACE(verbose), TYPE_COUNT, BOTH },
	{ "verbose_ratelimit_interval_ms", PLACE(ratelimit_ms), TYPE_COUNT, BOTH },
	{ "verbose_ratelimit_burst", PLACE(ratelimit_burst), TYPE_COUNT, BOTH },
	{ "ignore-gfp-wait", PLACE(ignore_gfp_wait), TYPE_FLAG, BOTH },
	{ "cache", PLACE(cache), TYPE_GLOB, 1U << FAULT_SLAB },
	{ "min-order", PLACE(min_order), TYPE_COUNT, 1U << FAULT_PAGE_ALLOC },
};

static const char *const expected[] = {
	[TYPE_COUNT] = "a number",
	[TYPE_PERCENT] = "a number from 0 to 100",
	[TYPE_SPACE] = "a number below 2^63",
	[TYPE_TIMES] = "a number, or -1 for no limit",
	[TYPE_FLAG] = "Y or N",
	[TYPE_GLOB] = "a name of 1 to 31 characters, with * and ? if you like",
};

/* ---- text to settings ---------------------------------------------------- */

static int set_number(void *field, enum attr_type type, const char *value)
{
	uint64_t number;

	if (type == TYPE_TIMES && strcmp(value, "-1") == 0) {
		*(int64_t *)field = -1;
		return 0;
	}
	if (kstrtou64(value, &number) || number > INT64_MAX ||
	    (type == TYPE_PERCENT && number > 100))
		return -EINVAL;
	*(uint64_t *)field = number;
	return 0;
}

static int set_value(struct fault_attr *attr, const struct attr_name *name, const char *value)
{
	void *field = (char *)attr + name->offset;
	char shown[VALUE_MAX];

	if (name->type == TYPE_GLOB) {
		/* It will be shown again: nothing that acts on a terminal is kept. */
		(void)printable(shown, sizeof(shown), value, VALUE_MAX);
		if (*value == '\0' || strcmp(shown, value) != 0)
			return -EINVAL;
		memcpy(field, value, strlen(value) + 1);
		return 0;
	}
	if (name->type != TYPE_FLAG)
		return set_number(field, name->type, value);
	if ((value[0] != 'Y' && value[0] != 'N') || value[1] != '\0')
		return -EINVAL;
	*(bool *)field = value[0] == 'Y';
	return 0;
}

static const struct attr_name *find_name(enum fault_kind kind, const char *text, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(attr_names); i++) {
		if ((attr_names[i].kinds & 1U << kind) && strlen(attr_names[i].name) == len &&
		    memcmp(attr_names[i].name, text, len) == 0)
			return &attr_names[i];
	}
	return NULL;
}

static int no_such_name(struct seq *out, enum fault_kind kind, const char *text, size_t len)
{
	char shown[VALUE_MAX];

	(void)printable(shown, sizeof(shown), text, len);
	seq_printf(out, "%s: \"%s\" is no setting; there are", fault_name(kind), shown);
	for (size_t i = 0; i < ARRAY_SIZE(attr_names); i++) {
		if (attr_names[i].kinds & 1U << kind)
			seq_printf(out, " %s", attr_names[i].name);
	}
	seq_puts(out, "\n");
	return -EINVAL;
}

/* One piece between commas, of @len characters, the @position-th. */
static int parse_piece(struct seq *out, enum fault_kind kind, struct fault_attr *attr,
		       const char *text, size_t len, unsigned int position)
{
	const struct attr_name *name = &attr_names[position];
	const char *equals = text;
	char value[VALUE_MAX], shown[VALUE_MAX];

	while (equals < text + len && *equals != '=')
		equals++;
	if (equals < text + len) {
		name = find_name(kind, text, (size_t)(equals - text));
		if (!name)
			return no_such_name(out, kind, text, (size_t)(equals - text));
		len -= (size_t)(equals + 1 - text);
		text = equals + 1;
	} else if (position >= NR_POSITIONS) {
		return no_such_name(out, kind, text, len);
	}
	if (len < sizeof(value)) {
		memcpy(value, text, len);
		value[len] = '\0';
		if (set_value(attr, name, value) == 0)
			return 0;
	}
	(void)printable(shown, sizeof(shown), text, len);
	seq_printf(out, "%s: %s is %s, not \"%s\"\n", fault_name(kind), name->name,
		   expected[name->type], shown);
	return -EINVAL;
}

int fault_parse(struct seq *out, enum fault_kind kind, struct fault_attr *attr, const char *text)
{
	struct fault_attr new = *attr;
	unsigned int nr_plain = 0;		/* pieces without a name: the first ones */
	bool named = false;

	for (;;) {
		const char *comma = strchr(text, ',');
		size_t len = comma ? (size_t)(comma - text) : strlen(text);
		bool is_named = false;

		for (size_t i = 0; i < len; i++)
			is_named |= text[i] == '=';
		named |= is_named;
		if (parse_piece(out, kind, &new, text, len, named ? NR_POSITIONS : nr_plain))
			return -EINVAL;
		nr_plain += !is_named;
		if (!comma)
			break;
		text = comma + 1;
	}
	if (nr_plain != 0 && nr_plain != NR_POSITIONS) {
		seq_printf(out, "%s: expected " FAULT_EXPECTS "\n", fault_name(kind));
		return -EINVAL;
	}
	*attr = new;
	return 0;
}

/* ---- stacks -------------------------------------------------------------- */

void fault_set_stacks(bool on)
{
	sheaves_set(on);
	page_lists_set(on);
	if (!on)
		caches_drain();		/* barns, and slabs that are empty now */
}

static bool is_armed(const struct fault_attr *attr)
{
	return attr->probability != 0 && attr->times != 0;
}

void fault_apply(enum fault_kind kind, const struct fault_attr *attr)
{
	struct fault_state other;
	static bool stacks_off;

	fault_get(kind == FAULT_SLAB ? FAULT_PAGE_ALLOC : FAULT_SLAB, &other);
	fault_set(kind, attr);
	if (stacks_off == (is_armed(attr) || is_armed(&other.attr)))
		return;
	stacks_off = !stacks_off;
	fault_set_stacks(!stacks_off);
}

/* ---- the boot line ------------------------------------------------------- */

static struct fault_attr boot_attr[NR_FAULT_KINDS];
static bool is_asked_for[NR_FAULT_KINDS];

int fault_option(enum fault_kind kind, const char *value)
{
	struct fault_state now;

	fault_get(kind, &now);
	if (!value || fault_parse(&seq_console, kind, &now.attr, value))
		return -EINVAL;
	boot_attr[kind] = now.attr;
	is_asked_for[kind] = true;
	return 0;
}

void fault_start(void)
{
	for (unsigned int kind = 0; kind < NR_FAULT_KINDS; kind++) {
		if (!is_asked_for[kind])
			continue;
		fault_apply((enum fault_kind)kind, &boot_attr[kind]);
		fault_show(&seq_console, (enum fault_kind)kind);
	}
}

/* ---- settings to text ---------------------------------------------------- */

static void show_value(struct seq *out, const struct fault_attr *attr, const struct attr_name *name)
{
	const void *field = (const char *)attr + name->offset;

	if (name->type == TYPE_GLOB)
		seq_printf(out, " %s=%s", name->name, (const char *)field);
	else if (name->type == TYPE_FLAG)
		seq_printf(out, " %s=%c", name->name, *(const bool *)field ? 'Y' : 'N');
	else
		seq_printf(out, " %s=%lld", name->name, (long long)*(const int64_t *)field);
}

/* Caches that failslab's glob spares all of are most likely a slip of the hand. */
static bool is_some_cache(const char *glob)
{
	unsigned long flags = spin_lock_irqsave(&cache_list_lock);
	const struct kmem_cache *cache = cache_list;

	while (cache && !glob_match(glob, cache->name))
		cache = cache->next;
	spin_unlock_irqrestore(&cache_list_lock, flags);
	return cache;
}

void fault_show(struct seq *out, enum fault_kind kind)
{
	struct fault_state state;

	fault_get(kind, &state);
	seq_printf(out, "%s: %s,", fault_name(kind), is_armed(&state.attr) ? "on" : "off");
	for (size_t i = 0; i < ARRAY_SIZE(attr_names); i++) {
		if (attr_names[i].kinds & 1U << kind)
			show_value(out, &state.attr, &attr_names[i]);
	}
	seq_printf(out, "; %llu of %llu requests failed\n", (unsigned long long)state.failed,
		   (unsigned long long)state.seen);
	if (kind == FAULT_SLAB && !is_some_cache(state.attr.cache))
		seq_printf(out, "%s: no cache has the name \"%s\" now\n", fault_name(kind),
			   state.attr.cache);
}
