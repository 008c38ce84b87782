#!/bin/sh
# Do the readers that people use accept a dump? usage: readers.sh DIRECTORY
#
# In a mount namespace of its own the dump's slabinfo, meminfo and vmstat are put over /proc's; then
# procps reads them. Status 0: all accepted, and the figures are the dump's. 77: skipped, with the
# reason. 1: a reader disagreed.
set -u

if [ "${2:-}" != inside ]; then
	dump=${1:?usage: readers.sh DIRECTORY}
	for file in slabinfo meminfo vmstat; do
		[ -r "$dump/$file" ] || { echo "readers.sh: $dump/$file is missing"; exit 1; }
	done
	for tool in unshare slabtop vmstat free; do
		command -v "$tool" >/dev/null ||
			{ echo "# skipped: $tool is not installed"; exit 77; }
	done
	unshare -m true 2>/dev/null ||
		{ echo "# skipped: no mount namespace for this user"; exit 77; }
	exec unshare -m "$0" "$dump" inside
fi

for file in slabinfo meminfo vmstat; do
	mount --bind "$1/$file" "/proc/$file" 2>/dev/null ||
		{ echo "# skipped: /proc/$file cannot be covered here"; exit 77; }
done

failed=0
expect() {	# what, wanted, got
	if [ "$2" != "$3" ]; then
		echo "readers.sh: $1: expected \"$2\", got \"$3\""
		failed=1
	fi
}
kib() { awk -v name="$1:" '$1 == name { print $2 }' "$dump/meminfo"; }

dump=$1
export LC_ALL=C
caches=$(awk 'NR > 2' "$dump/slabinfo" | wc -l)
live=$(awk 'NR > 2 { sum += $2 } END { print sum + 0 }' "$dump/slabinfo")
all=$(awk 'NR > 2 { sum += $3 } END { print sum + 0 }' "$dump/slabinfo")
slabs=$(awk 'NR > 2 { sum += $15 } END { print sum + 0 }' "$dump/slabinfo")

top=$(slabtop -o) || { echo "readers.sh: slabtop: status $?"; failed=1; }
expect "slabtop's objects" "$live / $all" \
	"$(echo "$top" | sed -n 's/.*Total Objects[^:]*: *\([0-9]* \/ [0-9]*\).*/\1/p')"
expect "slabtop's slabs" "$slabs" \
	"$(echo "$top" | sed -n 's/.*Total Slabs[^:]*: *[0-9]* \/ \([0-9]*\).*/\1/p')"
expect "slabtop's caches" "$caches" \
	"$(echo "$top" | sed -n 's/.*Total Caches[^:]*: *[0-9]* \/ \([0-9]*\).*/\1/p')"

expect "caches of vmstat -m" "$caches" "$(vmstat -m -n | awk 'NR > 1' | wc -l)"
expect "total of free" "$(kib MemTotal)" "$(free | awk '/^Mem:/ { print $2 }')"
expect "free of free" "$(kib MemFree)" "$(free | awk '/^Mem:/ { print $4 }')"
expect "available of free" "$(kib MemAvailable)" "$(free | awk '/^Mem:/ { print $7 }')"
expect "free of vmstat" "$(kib MemFree)" "$(vmstat | awk 'NR == 3 { print $4 }')"
[ "$failed" = 0 ] && echo "readers.sh: slabtop, vmstat and free agree with $dump"
exit "$failed"
