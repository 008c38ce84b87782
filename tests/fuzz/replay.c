/*
 * The targets without libFuzzer: fuzz-replay TARGET FILE ... runs each file once and prints its
 * name before it does, so that the last name is that of the file at fault.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

/* The bytes lie in a block of just their size: a sanitizer sees the first one too many. */
static uint8_t *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	long end = -1;

	if (file && fseek(file, 0, SEEK_END) == 0)
		end = ftell(file);
	if (end >= 0) {
		rewind(file);
		*size = (size_t)end;
		bytes = malloc(*size ? *size : 1);
	}
	if (bytes && fread(bytes, 1, *size, file) != *size) {
		free(bytes);
		bytes = NULL;
	}
	if (file)
		fclose(file);
	return bytes;
}

int main(int argc, char **argv)
{
	const struct fuzz_target *target = argc > 2 ? fuzz_find(argv[1]) : NULL;

	if (!target) {
		fprintf(stderr, "usage: %s TARGET FILE ...\n", argv[0]);
		return 2;
	}
	if (target->init)
		target->init();
	for (int i = 2; i < argc; i++) {
		size_t size;
		uint8_t *bytes = read_file(argv[i], &size);

		printf("%s\n", argv[i]);
		fflush(stdout);
		if (!bytes) {
			perror(argv[i]);
			return 2;
		}
		target->run(bytes, size);
		free(bytes);
	}
	return 0;
}
