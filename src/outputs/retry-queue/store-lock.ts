/**
 * One process at a time in a folder of retry files: two would both send what is there.
 *
 * The file `lock` names the process and when it started, so that one that was killed holds nothing, even
 * when its number has been given to another process since.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Takes the lock. Rejects when a living process has it, or the folder cannot be written. */
export async function lockFolder(folder: string): Promise<void> {
  const path = join(folder, 'lock');
  for (let attempt = 0; ; attempt++) {
    try {
      await writeFile(path, await nameProcess(process.pid), { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 2) throw error;
    }
    const holder = await readFile(path, 'utf8').catch(() => '');
    const pid = Number(holder.split(' ', 1)[0]);
    if (pid > 0 && pid !== process.pid && isAlive(pid) && holder === (await nameProcess(pid))) {
      throw new Error(`${folder} is used by process ${pid}; give this server another forwarder_storage_path`);
    }
    await rm(path, { force: true });
  }
}

export async function unlockFolder(folder: string): Promise<void> {
  await rm(join(folder, 'lock'), { force: true }).catch(() => undefined);
}

// 4711 81234567        number of the process, and when it started in ticks since the machine did (proc(5), field 22)
async function nameProcess(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return `${pid} ${afterName[19] ?? 'unknown'}`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
