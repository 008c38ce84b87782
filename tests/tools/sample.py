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


def zone(name, free, managed, present, spanned, start, stats=""):
    head = (f"Node 0, zone {name:>8}\n{stats}  pages free     {free}\n        boost    0\n"
            "        min      0\n        low      0\n        high     0\n"
            f"        spanned  {spanned}\n        present  {present}\n        managed  {managed}\n"
            "        cma      0\n        protection: (0, 0, 0)\n")
    if present == 0:
        return head
    return head + (f"      nr_free_pages {free}\n  pagesets\n    cpu: 0\n              count: 0\n"
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
        + zone("DMA32", 2048, 2200, 2300, 4096, 4096)
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
