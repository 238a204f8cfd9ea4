/**
 * Locks a folder of retry files, says `held` or why not, and lives until it is killed.
 *
 * Usage: node lock-child.mjs FOLDER kernel|lease
 */
import { lockFolder } from '../../../dist/outputs/retry-queue/store-lock.js';

const [folder, how] = process.argv.slice(2);
try {
  await lockFolder(folder, how === 'lease' ? { tryLock: () => 'unsupported' } : {});
  console.log('held');
} catch (error) {
  console.log(error.message);
}
setInterval(() => undefined, 1000);
