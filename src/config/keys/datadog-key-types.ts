/** Kinds of values that keys of Datadog delivery have: secrets, endpoints with their keys, proxies, lists of hosts. */
import { z } from 'zod';
import { arrayOf } from '../../lib/checked-array.ts';
import { maskKey, maskUrl } from '../../lib/text/mask.ts';
import { type KeyText, keyDocumentation } from './key-documentation.ts';
import { readNumber, text } from './key-types.ts';
import { readPlainText, refuseQuotes } from './plain-text.ts';
import { readMap } from './text-map.ts';

/** A number further from 0 is a mistake. */
const REPLACED_MAX = 1_000_000;
/** A key, or the handle of a secret, which check-delivery.ts refuses where it would be used. */
const KEY = /^(\S*|ENC\[.*\])$/;
/** A key of digits alone that YAML read as a number may have lost some of them, so a number is refused. */
const keyText = z.preprocess(
  (value) => (typeof value === 'string' ? value.trim() : value),
  z.string().regex(KEY).superRefine(refuseQuotes),
);

/** A key that is never shown whole. A number is refused: digits without quotes lose some of theirs in YAML. */
export function secret(documentation: KeyText) {
  return keyText.default('').register(keyDocumentation, {
    ...documentation,
    type: 'text',
    allowed: 'a key without spaces; put one of digits alone in quotes in YAML',
    conceal: (value) => maskKey(String(value)),
  });
}

// additional_endpoints:
//   https://app.datadoghq.eu: [KEY, KEY]      or one key without the brackets
export function endpoints(documentation: KeyText) {
  const keys = z.preprocess((value) => (typeof value === 'string' ? [value] : value), arrayOf(keyText));
  return z
    .preprocess(
      readEndpoints,
      z.record(
        z
          .string()
          .regex(/^https?:\/\/[^\s/]+$|^https?:\/\/[^\s/]+\/\S*$/)
          .superRefine(refuseQuotes),
        keys.readonly(),
      ),
    )
    .default({})
    .readonly()
    .register(keyDocumentation, {
      ...documentation,
      type: 'map of lists',
      allowed: `a map of http or https URLs to lists of keys, as YAML or JSON`,
      conceal: concealKeys,
    });
}

function concealKeys(value: unknown): unknown {
  const map = readMap(value);
  if (typeof map !== 'object' || map === null) return maskKey(String(map));
  return Object.fromEntries(
    Object.entries(map).map(([url, keys]) => [
      maskUrl(url),
      [keys].flat().map((key) => maskKey(String(key))),
    ]),
  );
}

export function proxyUrl(scheme: 'http' | 'https') {
  return text(
    { default: '', pattern: /^\S*$/, patternText: 'without spaces, as http://user:password@proxy:3128' },
    {
      what: `Proxy for ${scheme} URLs; empty is none. \`${scheme.toUpperCase()}_PROXY\` is read too: it wins over the file and loses to \`DD_PROXY_${scheme.toUpperCase()}\`.`,
      trade:
        'All data for Datadog passes through it. With TLS, the proxy sees the destination but not the contents.',
      when: 'the only way out of your network is a proxy.',
      conceal: (value) => maskUrl(String(value)),
    },
  );
}

/** A list whose items are separated by commas or spaces in variables. */
export function nameList(documentation: KeyText) {
  const read = (value: unknown): unknown =>
    typeof value === 'string' ? value.split(/[\s,]+/).filter((item) => item !== '') : value;
  const name = z.preprocess(readPlainText, z.string().regex(/^\S+$/).superRefine(refuseQuotes));
  return z
    .preprocess(read, arrayOf(name))
    .default([])
    .readonly()
    .register(keyDocumentation, {
      ...documentation,
      type: 'list',
      allowed: 'a list of hosts, separated by commas or spaces in a variable',
    });
}

/** A number that is replaced by its default when it makes no sense, as in the Agent (check-delivery.ts). */
export function replaced(value: number, above: number, documentation: KeyText) {
  return z
    .preprocess(readNumber, z.number().min(-REPLACED_MAX).max(REPLACED_MAX))
    .default(value)
    .register(keyDocumentation, {
      ...documentation,
      type: 'number',
      allowed: `a number ${above === 0 ? 'above 0' : `from ${above}`}; another one is replaced by ${value}, with a warning`,
    });
}

/** The map with the blanks around its URLs gone. */
function readEndpoints(value: unknown): unknown {
  const map = readMap(value);
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return map;
  return Object.fromEntries(Object.entries(map).map(([url, keys]) => [url.trim(), keys]));
}
