BEGIN { FS = "," }
NR > 1 { sum += $2; count++ }
END { printf "%.1f\n", count ? sum / count : 0 }
