#!/bin/sh
# fetch.sh DIR: the peers' libraries from Debian, unpacked under DIR/root and not installed.
# Leaves their packages and versions in DIR/peers.
set -eu

dir=$1
packages="libjemalloc2 libmimalloc2.0 libtcmalloc-minimal4"

rm -rf "$dir/root" "$dir/deb"
mkdir -p "$dir/root" "$dir/deb"
dir=$(cd "$dir" && pwd)
# One word for each package.
# shellcheck disable=SC2086
(cd "$dir/deb" && apt-get -qq download $packages 2>"$dir/fetch.log") || {
	cat "$dir/fetch.log" >&2
	echo "are the package lists up to date? \`apt-get update\`" >&2
	exit 1
}
for deb in "$dir"/deb/*.deb; do
	dpkg-deb -x "$deb" "$dir/root"
done
for deb in "$dir"/deb/*.deb; do
	dpkg-deb -W --showformat '${Package} ${Version}\n' "$deb"
done >"$dir/peers"
