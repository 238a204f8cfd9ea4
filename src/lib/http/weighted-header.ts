/**
 * Headers that list alternatives with weights, such as `Accept` and `Accept-Encoding`:
 *
 *   text/plain;version=0.0.4;q=0.5, text/*;q=0.1
 *   value      parameter     weight
 *
 * Lenient: what makes no sense is left out, and at most 64 items are read.
 */

const ITEMS_MAX = 64;

export interface WeightedItem {
  /** In lower case. */
  readonly value: string;
  /** Names in lower case, quotes removed from values; without `q`. */
  readonly parameters: ReadonlyMap<string, string>;
  /** 0 to 1; 0 means not acceptable. */
  readonly weight: number;
}

/** Reads the items of a header in the order written. */
export function parseWeighted(header: string): WeightedItem[] {
  const items: WeightedItem[] = [];
  for (const part of header.split(',', ITEMS_MAX)) {
    const [value = '', ...settings] = part.split(';');
    const parameters = new Map<string, string>();
    for (const setting of settings) {
      const equals = setting.indexOf('=');
      if (equals < 0) continue;
      const name = setting.slice(0, equals).trim().toLowerCase();
      parameters.set(
        name,
        setting
          .slice(equals + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1'),
      );
    }
    const weight = parseWeight(parameters.get('q'));
    parameters.delete('q');
    const name = value.trim().toLowerCase();
    if (name !== '') items.push({ value: name, parameters, weight });
  }
  return items;
}

/** Whether `Accept-Encoding` takes gzip: by name, or by `*` unless gzip is refused. */
export function acceptsGzip(header: string | undefined): boolean {
  const items = parseWeighted(header ?? '');
  const chosen = items.find((item) => item.value === 'gzip') ?? items.find((item) => item.value === '*');
  return chosen !== undefined && chosen.weight > 0;
}

/**
 * The encoding of an answer that a client asks for with `Accept-Encoding`: of those `offered` the one with the greatest
 * weight, and among equals the first. Not encoding at all (`identity`) is always acceptable unless it is refused, and counts
 * for nothing beside what the client names. Undefined when it takes none of them.
 */
export function chooseEncoding<Encoding extends string>(
  header: string | undefined,
  offered: readonly Encoding[],
): Encoding | undefined {
  const items = parseWeighted(header ?? '');
  const any = items.find(({ value }) => value === '*');
  let chosen: Encoding | undefined;
  let best = 0;
  for (const encoding of offered) {
    const named = items.find(({ value }) => value === encoding);
    const isUnnamedIdentity = encoding === 'identity' && named === undefined && any?.weight !== 0;
    const weight = isUnnamedIdentity ? Number.MIN_VALUE : ((named ?? any)?.weight ?? 0);
    if (weight > best) [chosen, best] = [encoding, weight];
  }
  return chosen;
}

function parseWeight(text: string | undefined): number {
  if (text === undefined) return 1;
  const weight = Number(text);
  return weight >= 0 && weight <= 1 ? weight : 0;
}
