// Stops, by pid, what the run and its specs started, and removes their data.
const { resolve } = require('node:path');

module.exports = async () => {
  const folder = process.env.TALON_TEST_DIR;
  if (!folder) return;
  const { cleanUp } = await import(resolve(__dirname, '../../../deploy/local/guard.mjs'));
  await cleanUp(folder);
};
