console.log(process.argv[2].split(" ").map((word) => word[0]).join(".") + ".");
