// One PostgreSQL for all integration specs of a run: on a free port, without fsync, in a folder of the system's temporary directory.
// Specs get databases of their own in it (freshDatabase). A guard process removes everything when the run is killed.
const { chmodSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, resolve } = require('node:path');

const local = (file) => import(resolve(__dirname, '../../../deploy/local', file));

module.exports = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'talon-test-'));
  // PostgreSQL runs as another user when the tests run as root.
  chmodSync(folder, 0o711);
  const { startGuard, note } = await local('guard.mjs');
  startGuard(folder);
  try {
    const { startPostgres } = await local('servers.mjs');
    const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false, settings: { shared_buffers: '128MB', max_connections: 300 } });
    // Immediate shutdown: nobody reads these data again.
    note(folder, postgres, 'SIGQUIT');
    process.env.TALON_TEST_DATABASE_URL = postgres.url;
    process.env.TALON_TEST_DIR = folder;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
};
