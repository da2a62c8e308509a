const words = process.argv[2].split(/\s+/).filter(Boolean);
console.log(words.map((word) => word[0].toUpperCase() + ".").join(""));
