#!/bin/sh
# fetch.sh DIR: Debian's kernel, its headers and a static busybox, unpacked under DIR/root and not
# installed. Leaves the release's name in DIR/release.
set -eu

dir=$1
mkdir -p "$dir/deb"
dir=$(cd "$dir" && pwd)

# The first package that PACKAGE depends on and that PATTERN matches.
needs()
{
	apt-cache depends "$1" | sed -n "s/^ *Depends: \($2\)\$/\1/p" | head -n 1
}

image=$(needs linux-image-amd64 'linux-image-[0-9].*-amd64')
headers=$(needs linux-headers-amd64 'linux-headers-[0-9].*-amd64')
test -n "$image" && test -n "$headers" || {
	echo "no linux-image-amd64 or linux-headers-amd64: run \`apt-get update\`" >&2
	exit 1
}
release=${image#linux-image-}
test "$release" = "${headers#linux-headers-}" || {
	echo "$image and $headers are of different releases: run \`apt-get update\`" >&2
	exit 1
}
common=$(needs "$headers" 'linux-headers-.*-common')
kbuild=$(needs "$headers" 'linux-kbuild-.*')

rm -rf "$dir/root" "$dir"/deb/*
(cd "$dir/deb" && apt-get -qq download "$image" "$headers" "$common" "$kbuild" busybox-static \
	2>"$dir/fetch.log") || {
	cat "$dir/fetch.log" >&2
	exit 1
}
mkdir "$dir/root"
for deb in "$dir"/deb/*.deb; do
	dpkg-deb -x "$deb" "$dir/root"
done

# The headers' Makefile says where it would have been installed.
echo "include $dir/root/usr/src/$common/Makefile" >"$dir/root/usr/src/$headers/Makefile"
echo "$release" >"$dir/release"
