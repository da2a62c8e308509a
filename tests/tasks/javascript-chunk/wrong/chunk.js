function chunk(array, size) {
  const chunks = [];
  while (array.length) {
    chunks.push(array.splice(0, size));
  }
  return chunks;
}

module.exports = { chunk };
