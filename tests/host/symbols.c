/*
 * Names of functions, static ones too, from the symbol table of the running program's own file.
 *
 * The file is mapped at the first question and stays mapped. A stripped program, or an address in a
 * shared library, has no name: reports then print the bare address.
 */
#define _GNU_SOURCE	/* dl_iterate_phdr() */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kernel/port.h>

static const char *image;	/* the file; NULL: not looked for yet, or none */
static size_t image_bytes;
static const ElfW(Sym) *symbols;
static size_t nr_symbols;
static const char *names;
static uintptr_t load_bias;	/* what the loader added to the addresses in the file */

static int note_bias(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	load_bias = info->dlpi_addr;
	return 1;		/* the program itself comes first: stop here */
}

static bool map_image(void)
{
	struct stat st;
	void *base = MAP_FAILED;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && st.st_size > (off_t)sizeof(ElfW(Ehdr)))
		base = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (base == MAP_FAILED)
		return false;
	image = base;
	image_bytes = (size_t)st.st_size;
	return true;
}

/*
 * The kernel has run this file, so its headers can be believed; its section table is
 * no part of that.
 */
static void find_symbols(void)
{
	const ElfW(Ehdr) *head = (const ElfW(Ehdr) *)image;
	const ElfW(Shdr) *section = (const ElfW(Shdr) *)(image + head->e_shoff);

	if (head->e_shoff == 0 || head->e_shoff + head->e_shnum * sizeof(*section) > image_bytes)
		return;
	for (unsigned int i = 0; i < head->e_shnum; i++) {
		if (section[i].sh_type != SHT_SYMTAB || section[i].sh_link >= head->e_shnum)
			continue;
		symbols = (const ElfW(Sym) *)(image + section[i].sh_offset);
		nr_symbols = section[i].sh_size / sizeof(*symbols);
		names = image + section[section[i].sh_link].sh_offset;
	}
}

bool port_symbol(uintptr_t address, struct port_symbol *sym)
{
	static bool tried;

	if (!tried) {
		tried = true;
		dl_iterate_phdr(note_bias, NULL);
		if (map_image())
			find_symbols();
	}
	for (size_t i = 0; i < nr_symbols; i++) {
		uintptr_t start = load_bias + symbols[i].st_value;

		if ((symbols[i].st_info & 0xf) != STT_FUNC || address < start ||
		    address - start >= symbols[i].st_size)
			continue;
		sym->name = names + symbols[i].st_name;
		sym->offset = address - start;
		sym->size = symbols[i].st_size;
		return true;
	}
	return false;
}
