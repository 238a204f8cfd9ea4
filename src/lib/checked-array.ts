/**
 * A list of checked values, made for long ones: a list of 300,000 entries is checked in a fraction of a second, however
 * many of them are wrong.
 *
 * Limit  PROBLEMS_MAX wrong entries are reported; what follows them is not looked at. zod's own array reports them all,
 *        which takes minutes and gigabytes for a long list of mistakes.
 */
import { z } from 'zod';

/** More mistakes than this in one list are the consequence of the first ones. */
const PROBLEMS_MAX = 10;

export function arrayOf<Item extends z.ZodType>(item: Item, error = 'must be a list') {
  return z.unknown().transform((value, context): z.output<Item>[] => {
    if (!Array.isArray(value)) {
      context.addIssue({ code: 'custom', message: error });
      return z.NEVER;
    }
    const items: z.output<Item>[] = [];
    let problems = 0;
    for (let index = 0; index < value.length && problems < PROBLEMS_MAX; index++) {
      const result = item.safeParse(value[index]);
      if (result.success) items.push(result.data);
      else {
        problems++;
        for (const issue of result.error.issues)
          context.addIssue({ ...issue, path: [index, ...issue.path], input: value[index] } as never);
      }
    }
    return items;
  });
}
