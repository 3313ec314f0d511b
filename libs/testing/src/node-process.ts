import { existsSync, mkdtempSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../../..');
const READY_MS = 40_000;
const STOP_MS = 15_000;
const GONE_MS = 10_000;

interface Launched {
  pid: number;
  identity: string;
  failed(): string | undefined;
  log(): string;
}

interface Processes {
  launch(command: string, args: string[], options: { logFile: string; env: Record<string, string>; cwd: string }): Launched;
  untilReady(name: string, child: Launched, check: () => Promise<boolean>, timeoutMs: number): Promise<void>;
  stopProcess(child: Launched, options: { timeoutMs: number; group: boolean }): Promise<boolean>;
  freePort(preferred?: number): Promise<number>;
  portIsFree(port: number): Promise<boolean>;
  sleep(ms: number): Promise<void>;
}

const local = (file: string): Promise<unknown> => import(resolve(ROOT, 'deploy/local', file));

/** A program of ours as a process of its own that listens on a port, the same one after every restart. */
export interface NodeProcess {
  url: string;
  port: number;
  /** Of the leader of its process group. */
  readonly pid: number;
  /** The last lines it printed. */
  log(): string;
  /** Starts it again after `stop` or `kill`, and waits until it can be used. */
  start(): Promise<void>;
  /** SIGTERM, and by force after 15 s. Repeating it does nothing. */
  stop(): Promise<void>;
  /** SIGKILL to the whole process group, at once, and waits until its port is free. */
  kill(): Promise<void>;
}

/** Brings dist up to date, as `npm test` has already done; changes nothing then. May take a minute. */
export async function ensureBuilt(): Promise<void> {
  const { ensureBuild } = (await local('bootstrap.mjs')) as { ensureBuild(): Promise<boolean> };
  await ensureBuild();
}

/**
 * Starts `node <script>` on a free port, which it finds in TALON_PORT, and waits until `/health/ready` answers 200. It sees nothing of the
 * environment but `env`. Forgotten ones are stopped when the test run ends.
 * @param script relative to the root of the repository, e.g. `services/booking/dist/main.js`
 * @throws with its last lines when it ends or is not ready within 40 s
 */
export async function startNode(script: string, env: Record<string, string>): Promise<NodeProcess> {
  const processes = (await local('processes.mjs')) as Processes;
  const path = join(ROOT, script);
  if (!existsSync(path)) throw new Error(`${script} is missing: npx nx run-many -t build`);
  const port = await processes.freePort();
  const running = new RunningNode(path, { ...env, TALON_PORT: String(port) }, port, processes);
  await running.start();
  return running;
}

class RunningNode implements NodeProcess {
  readonly url: string;
  private child: Launched | undefined;
  private readonly folder = process.env.TALON_TEST_DIR ?? '';

  constructor(
    private readonly path: string,
    private readonly env: Record<string, string>,
    readonly port: number,
    private readonly processes: Processes,
  ) {
    if (!this.folder) throw new Error('TALON_TEST_DIR is not set: specs that need processes are named *.int.spec.ts and run with the int project');
    this.url = `http://127.0.0.1:${port}`;
  }

  get pid(): number {
    return this.child?.pid ?? -1;
  }

  log(): string {
    return this.child?.log() ?? '';
  }

  async start(): Promise<void> {
    const { note } = (await local('guard.mjs')) as { note(folder: string, child: Launched): void };
    const logFile = join(mkdtempSync(join(this.folder, 'node-')), 'log');
    const child = this.processes.launch(process.execPath, [this.path], { logFile, env: this.env, cwd: ROOT });
    this.child = child;
    note(this.folder, child);
    await this.processes.untilReady(this.path, child, () => isReady(this.url), READY_MS);
  }

  async stop(): Promise<void> {
    if (this.child) await this.processes.stopProcess(this.child, { timeoutMs: STOP_MS, group: true });
  }

  async kill(): Promise<void> {
    if (!this.child) return;
    process.kill(-this.child.pid, 'SIGKILL');
    const deadline = performance.now() + GONE_MS;
    while (!(await this.processes.portIsFree(this.port))) {
      if (performance.now() > deadline) throw new Error(`port ${this.port} is still in use after SIGKILL`);
      await this.processes.sleep(20);
    }
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
}
