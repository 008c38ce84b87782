# Quire beside Linux, included by tests/bench/rules.mk.

LINUX := build/linux
LINUX_BOX = $(LINUX)/root/bin/busybox
DEPS_BENCH += gcc-12:gcc-12 make:make /usr/lib/x86_64-linux-gnu/libelf.so.1:libelf1

.PHONY: bench-linux need-linux-build
need-linux-build:
	@test -e /usr/lib/x86_64-linux-gnu/libelf.so.1 || { \
		echo "libelf not found: run \`make deps-bench\`" >&2; exit 1; }
	@command -v gcc-12 >/dev/null || { \
		echo "gcc-12 not found: run \`make deps-bench\`" >&2; exit 1; }

# The release's name is written last: it stands for all that was fetched.
$(LINUX)/release: tests/bench/linux/fetch.sh
	@echo "  FETCH   $(LINUX)"
	$(HOST_NOECHO)tests/bench/linux/fetch.sh $(LINUX)

$(LINUX)/module/quire_bench.ko: tests/bench/linux/quire_bench.c $(LINUX)/release | need-linux-build
	@echo "  MODULE  $<"
	@mkdir -p $(@D) && cp $< $(@D) && echo 'obj-m := quire_bench.o' >$(@D)/Kbuild
	$(HOST_NOECHO)env -u MAKEFLAGS -u MAKEOVERRIDES -u CC $(MAKE) \
		-C $(LINUX)/root/usr/src/linux-headers-$$(cat $(LINUX)/release) \
		M=$(abspath $(@D)) modules >$(@D)/build.log 2>&1 || { cat $(@D)/build.log; exit 1; }

$(LINUX)/initramfs.cpio: tests/bench/linux/init $(LINUX)/module/quire_bench.ko
	@echo "  CPIO    $@"
	@rm -rf $(LINUX)/initramfs && mkdir -p $(addprefix $(LINUX)/initramfs/,bin dev proc)
	@cp $^ $(LINUX)/initramfs && cp $(LINUX_BOX) $(LINUX)/initramfs/bin
	$(HOST_NOECHO)cd $(LINUX)/initramfs && find . | \
		$(abspath $(LINUX_BOX)) cpio -o -H newc -R 0:0 >$(abspath $@) 2>/dev/null

bench-linux: ## measure Linux in the same QEMU and put the last `make bench` beside it
bench-linux: $(LINUX)/initramfs.cpio | need-python3 need-$(QEMU)
	@test -s $(BENCH)/quire.tsv || $(MAKE) --no-print-directory bench
	$(HOST_NOECHO)$(PYTHON) tests/bench/linux/run.py \
		--kernel $(LINUX)/root/boot/vmlinuz-$$(cat $(LINUX)/release) \
		--initramfs $< --quire $(BENCH)/quire.tsv --out $(BENCH)
