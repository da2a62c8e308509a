[ -d "$1" ] || exit 1
ls "$1" | wc -l
