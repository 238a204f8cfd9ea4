/** Files that `expect` and `record` write at their end, checked at their start: minutes of a run are not lost to a slip. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ExpectationTextError } from '../../testing/expectations/expectation-text.ts';

/** Throws ExpectationTextError when `file`, given with `option`, could not be written. */
export function checkResultFile(option: string, file: string | undefined): void {
  if (file === undefined) return;
  const refuse = (problem: string): never => {
    throw new ExpectationTextError(`${option} ${file}: ${problem}; nothing was run`);
  };
  if (file === '') refuse('the name is empty');
  const folder = dirname(file);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    refuse(`there is no folder ${folder}; create it first`);
  }
  const known = statSync(file, { throwIfNoEntry: false });
  if (known?.isDirectory() === true) refuse('this is a folder; name a file');
  try {
    accessSync(known === undefined ? folder : file, constants.W_OK);
  } catch {
    refuse('it cannot be written; check its permissions');
  }
}
