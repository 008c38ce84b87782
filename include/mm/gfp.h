/*
 * What a request may do and where its memory may lie. Names and meaning are Linux's
 * (include/linux/gfp_types.h); the values are Quire's own.
 */
#pragma once

typedef unsigned int gfp_t;

/* Where: without either, any zone. The zone named and those below it are tried, highest first. */
#define __GFP_DMA		0x0001U	/* below 16 MiB */
#define __GFP_DMA32		0x0002U	/* below 4 GiB */

/* How hard. */
#define __GFP_HIGH		0x0010U	/* may use half of the reserve under the min watermark */
/* May call shrinkers, and so all CPUs: no spinlock held, interrupts enabled, no handler. */
#define __GFP_DIRECT_RECLAIM	0x0020U
#define __GFP_NORETRY		0x0040U	/* one round of reclaim, then NULL */
/* Never NULL: retried while reclaim makes progress, if the request may reclaim, then the last
 * reserves, then a panic that says why. */
#define __GFP_NOFAIL		0x0080U

/* What else. */
#define __GFP_ZERO		0x0100U	/* filled with zeroes */
#define __GFP_NOWARN		0x0200U	/* a failure is not logged */

#define GFP_KERNEL	(__GFP_DIRECT_RECLAIM)	/* normal context */
#define GFP_ATOMIC	(__GFP_HIGH)		/* atomic context: no reclaim, deeper reserve */
#define GFP_NOWAIT	(__GFP_NOWARN)		/* no reclaim, no reserve: there is another way */
#define GFP_DMA		(__GFP_DMA)		/* combine: GFP_KERNEL | GFP_DMA */
#define GFP_DMA32	(__GFP_DMA32)

#define GFP_ALL_BITS	0x03f3U			/* a request with another bit is a caller's bug */
