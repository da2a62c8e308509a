function chunk(array, size) {
  const chunks = [];
  for (let at = 0; at < array.length; at += size) {
    chunks.push(array.slice(at, at + size));
  }
  return chunks;
}

module.exports = { chunk };
