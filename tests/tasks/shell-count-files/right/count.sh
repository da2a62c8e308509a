[ -d "$1" ] || exit 1
find "$1" -type f | wc -l
