BEGIN { FS = "," }
{ sum += $2 }
END { printf "%.1f\n", sum / NR }
