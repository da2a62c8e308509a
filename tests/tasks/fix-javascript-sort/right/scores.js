// The three highest scores.
function highest(scores) {
  return [...scores].sort((a, b) => b - a).slice(0, 3);
}

module.exports = { highest };
