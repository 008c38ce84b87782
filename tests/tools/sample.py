"""A dump that is right, for tests to break: two zones with pages, one without, and three caches."""

import importlib.util
import os

TOOLS = os.path.join(os.path.dirname(__file__), "..", "..", "tools")


def load(name):
    """The tool tools/@name as a module, whatever its name."""
    module_name = name[:-3].replace("-", "_")
    spec = importlib.util.spec_from_file_location(module_name, os.path.join(TOOLS, name))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def zone(name, free, managed, present, spanned, start, stats="", count=0):
    head = (f"Node 0, zone {name:>8}\n{stats}  pages free     {free}\n        boost    0\n"
            "        min      0\n        low      0\n        high     0\n"
            f"        spanned  {spanned}\n        present  {present}\n        managed  {managed}\n"
            "        cma      0\n        protection: (0, 0, 0)\n")
    if present == 0:
        return head
    return head + (f"      nr_free_pages {free}\n  pagesets\n    cpu: 0\n"
                   f"              count: {count}\n"
                   "              high:  0\n              batch: 1\n  vm stats threshold: 0\n"
                   f"  node_unreclaimable:  0\n  start_pfn:           {start}\n")


# DMA: 1 + 2*2 + 1024 = 1029 pages free. DMA32: 2 * 1024 = 2048. Slabs: 3*1 + 2*4 + 1*1 = 12 pages.
GOOD = {
    "buddyinfo":
        "Node 0, zone      DMA"
        "      1      2      0      0      0      0      0      0      0      0      1 \n"
        "Node 0, zone    DMA32"
        "      0      0      0      0      0      0      0      0      0      0      2 \n",
    "slabinfo":
        "slabinfo - version: 2.1\n"
        "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
        " : tunables <limit> <batchcount> <sharedfactor>"
        " : slabdata <active_slabs> <num_slabs> <sharedavail>\n"
        "kmalloc-64            70    192     64   64    1"
        " : tunables    0    0    0 : slabdata      2      3      0\n"
        "task_struct           10     18   1744    9    4"
        " : tunables    0    0    0 : slabdata      2      2      0\n"
        "dentry                 1     21    192   21    1"
        " : tunables    0    0    0 : slabdata      1      1      0\n",
    "zoneinfo":
        zone("DMA", 1029, 3840, 3998, 4095, 1,
             "  per-node stats\n      nr_slab_reclaimable 1\n      nr_slab_unreclaimable 11\n")
        + zone("DMA32", 2048, 2200, 2300, 4096, 4096, count=16)
        + zone("Normal", 0, 0, 0, 0, 0),
    "meminfo":
        "MemTotal:          24160 kB\nMemFree:           12308 kB\nMemAvailable:      12310 kB\n"
        "Buffers:               0 kB\nCached:                0 kB\nActive:                0 kB\n"
        "Inactive:              0 kB\nShmem:                 0 kB\nKReclaimable:          4 kB\n"
        "Slab:                 48 kB\nSReclaimable:          4 kB\nSUnreclaim:           44 kB\n",
    "vmstat":
        "nr_free_pages 3077\nnr_slab_reclaimable 1\nnr_slab_unreclaimable 11\npgalloc_dma 5\n"
        "pgalloc_dma32 6\npgalloc_normal 0\npgfree 7\n",
}

# The same machine, of which Quire tells more. DMA has 3998 pages from 0x1000 on, 158 of them taken;
# DMA32 2300 from 16 MiB on, 100 of them taken. 4096 bytes lie above mem=1G, 0xc00 in a page that is
# reserved in part, 0x800 in another half. Slabs hold 18 * 4 bytes of rounding, tails of 1376 + 64.
QUIRE = dict(GOOD, memmap=(
    "memmap-v1\n"
    "0x0000000000001000 0x0000000000f9ec00 1\n"
    "0x0000000000f9fc00 0x0000000000000400 2\n"
    "0x0000000001000000 0x00000000008fc000 1\n"
    "0x0000000030000000 0x0000000000002000 4\n"
    "0x0000000030001000 0x0000000000001000 9\n"
    "0x0000000038000000 0x0000000000000800 3\n"
    "0x000000003ffff800 0x0000000000000800 5\n"
    "0x0000000040000000 0x0000000000001000 1\n"
    "end\n"
    "memory map: 5 ranges of 8 entries, limit 0x40000000\n"
    "[mem 0x0000000000001000-0x0000000000f9efff]      15992 kB  usable\n"
    "[mem 0x0000000000f9f000-0x0000000000f9ffff]          4 kB  reserved\n"
    "[mem 0x0000000001000000-0x00000000018fbfff]       9200 kB  usable\n"
    "[mem 0x0000000030000000-0x0000000030001fff]          8 kB  ACPI NVS\n"
    "[mem 0x000000003ffff000-0x000000003fffffff]          4 kB  bad\n"
    "taken: 4 ranges\n"
    "[mem 0x0000000000000000-0x0000000000000fff]          4 kB  firmware\n"
    "[mem 0x0000000000100000-0x000000000019dfff]        632 kB  kernel\n"
    "[mem 0x0000000001880000-0x00000000018dffff]        384 kB  page array\n"
    "[mem 0x00000000018f8000-0x00000000018fffff]         32 kB  module\n"
    "RAM 25192 kB, free 24160 kB, taken 1032 kB; usable bytes left out: 7168; refused: 0\n"
), ledger=(
    "row                                               bytes    of all    of RAM\n"
    "firmware: reserved                                 1024    0.00 %\n"
    "firmware: ACPI NVS                                 8192    0.03 %\n"
    "firmware: bad                                      2048    0.00 %\n"
    "left out: at or above mem=                         4096    0.01 %    0.01 %\n"
    "left out: parts of pages                           5120    0.01 %    0.01 %\n"
    "taken: module                                     16384    0.06 %    0.06 %\n"
    "taken: page array                                393216    1.52 %    1.52 %\n"
    "taken: kernel                                    647168    2.50 %    2.50 %\n"
    "free: DMA, order 0                                 4096    0.01 %    0.01 %\n"
    "free: DMA, order 1                                16384    0.06 %    0.06 %\n"
    "free: DMA, order 10                             4194304   16.24 %   16.25 %\n"
    "free: DMA32, order 10                           8388608   32.48 %   32.50 %\n"
    "CPUs' pages: DMA32                                65536    0.25 %    0.25 %\n"
    "pages: from alloc_pages                        11878400   46.00 %   46.02 %\n"
    "pages: large kmalloc, asked for                  140000    0.54 %    0.54 %\n"
    "pages: large kmalloc, rounding                     3360    0.01 %    0.01 %\n"
    "slabs: live objects                               22072    0.08 %    0.08 %\n"
    "slabs: free objects, in slabs                     23648    0.09 %    0.09 %\n"
    "slabs: free objects, in sheaves                    1920    0.00 %    0.00 %\n"
    "slabs: rounding of objects                           72    0.00 %    0.00 %\n"
    "slabs: tails                                       1440    0.00 %    0.00 %\n"
    "sum of the rows                                25817088\n"
    "the firmware's total                           25817088  equal: every byte is in one row\n"
    "(of the live objects, up to 1050 bytes are kmalloc's rounding: kmalloc_sizes gives it a row)\n"
))
