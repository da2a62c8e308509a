for name in *.TXT; do
    [ -e "$name" ] && mv -- "$name" "${name%.TXT}.txt"
done
exit 0
