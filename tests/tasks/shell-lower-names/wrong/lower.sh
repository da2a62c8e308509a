for name in $(ls *.TXT); do
    mv $name ${name%.TXT}.txt
done
