#!/bin/sh
total=0
for file in $*; do
    size=$(wc -c < $file)
    total=$((total + size))
done
echo $total
