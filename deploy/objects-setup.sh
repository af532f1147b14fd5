#!/bin/sh
# Makes the buckets and has the bytes of every write synced to disk, through SeaweedFS's own shell. Runs again without harm.
# Arguments: the buckets. The master and the filer listen on their own container only; this runs in its network.
set -eu
commands="fs.configure -locationPrefix=/buckets/ -fsync -apply"
present=$(echo "s3.bucket.list" | weed shell -master=127.0.0.1:9333 -filer=127.0.0.1:8888)
for bucket in "$@"; do
    echo "$present" | grep -qw "$bucket" || commands="$commands
s3.bucket.create -name $bucket"
done
echo "$commands" | weed shell -master=127.0.0.1:9333 -filer=127.0.0.1:8888
# The shell says what went wrong and still ends with 0: what counts is what is there.
present=$(echo "s3.bucket.list" | weed shell -master=127.0.0.1:9333 -filer=127.0.0.1:8888)
for bucket in "$@"; do
    echo "$present" | grep -qw "$bucket" || { echo "no bucket $bucket" >&2; exit 1; }
done
echo "fs.configure" | weed shell -master=127.0.0.1:9333 -filer=127.0.0.1:8888 | grep -q '"fsync": *true' || { echo "writes are not synced" >&2; exit 1; }
