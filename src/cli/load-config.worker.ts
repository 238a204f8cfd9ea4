/**
 * Loads and checks the configuration on a thread of its own, which then ends.
 *
 * The libraries that validate it (zod, js-yaml) take 10 MB that a running server has no use for; a thread gives
 * its memory back when it ends.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { carryOut, type LoadOrder } from './load-order.ts';

parentPort?.postMessage(await carryOut(workerData as LoadOrder));
