import cluster from 'node:cluster';
import { runMain } from '@talon/platform';
import { runPrimary } from './primary';
import { runWorker } from './worker';

runMain(cluster.isPrimary ? runPrimary : runWorker);
