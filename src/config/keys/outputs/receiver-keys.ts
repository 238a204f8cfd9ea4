/**
 * Keys that outputs to a receiver over HTTP share: where it is, how to log in, TLS, memory, and which metrics it gets.
 */
import { z } from 'zod';
import { maskUrl } from '../../../lib/text/mask.ts';
import { type KeyText, keyDocumentation } from '../key-documentation.ts';
import { integer, list, seconds, text, yesOrNo } from '../key-types.ts';
import { readPlainText, refuseQuotes } from '../plain-text.ts';
import { readMap } from '../text-map.ts';

const MIB = 1024 * 1024;
const HIDDEN = '********';
/** Names of headers that are ours alone, or that HTTP itself needs. */
const OWN_HEADERS =
  /^(content-.*|user-agent|x-prometheus-remote-write-.*|host|connection|transfer-encoding|te|upgrade|expect|authorization)$/i;

const filterItem = z.preprocess(
  readPlainText,
  z
    .string()
    .regex(/^[^\s,]+$/)
    .superRefine(refuseQuotes),
);

/** `name` is that of the receiver for people; `example` a URL. */
export function receiverKeys(name: string, example: string) {
  return {
    url: text(
      {
        default: '',
        pattern: /^(https?:\/\/[^\s/?#]+\S*)?$/,
        patternText: `that is an http or https URL, such as ${example}`,
      },
      {
        what: `URL at which ${name} takes data, with its path. Setting it is enough; empty turns the output off.`,
        trade: 'Series wait in memory while the receiver is down, up to `queue_bytes`.',
        when: `you send to ${name}.`,
        conceal: (value) => maskUrl(String(value)),
      },
    ),
    username: text(
      { default: '' },
      {
        what: 'User name for basic authentication.',
        trade: 'It needs a password.',
        when: 'the receiver asks for a login.',
      },
    ),
    password: secretText('Password for basic authentication.'),
    password_file: filePath(
      'File that contains the password. It is read again when the receiver refuses it.',
    ),
    bearer_token: secretText('Token for bearer authentication.'),
    bearer_token_file: filePath(
      'File that contains the token. It is read again when the receiver refuses it.',
    ),
    headers: textMap({
      what: 'Additional headers for each request, such as the tenant. In a variable, write JSON.',
      trade: 'Headers that the protocol needs, and `Authorization`, cannot be set here.',
      when: 'the receiver has several tenants (`X-Scope-OrgID`).',
      conceal: hideValues,
      refuses: OWN_HEADERS,
      allowed: 'a map of header names to text, without headers of the protocol',
    }),
    ...tlsKeys,
    ...deliveryKeys,
    ...filterKeys,
  };
}

/** Keys of connections with TLS. */
export const tlsKeys = {
  ca_file: filePath('PEM file of certificates to trust in addition to the usual ones.'),
  cert_file: filePath(
    'PEM file with the certificate that this server shows to the receiver. It needs `key_file`.',
  ),
  key_file: filePath('PEM file with the private key of `cert_file`.'),
  skip_verify: yesOrNo(
    { default: false },
    {
      what: 'Accepts any TLS certificate, whoever issued it.',
      trade: 'Anyone between you and the receiver can read your data and your password.',
      when: 'you are testing. For a certificate of your own, use `ca_file` instead.',
    },
  ),
};

/** Keys of a delivery in order. */
export const deliveryKeys = {
  timeout_seconds: seconds(
    { default: 20, min: 0.05, max: 3600 },
    {
      what: 'Time a request may take until its response begins.',
      trade: 'Requests are sent one at a time, so one that hangs delays those behind it by this time.',
      when: 'your receiver is slow or far away.',
    },
  ),
  queue_bytes: integer(
    { default: 32 * MIB, min: 64 * 1024, max: 64 * 1024 * MIB, unit: 'bytes' },
    {
      what: 'Memory for requests that are not delivered yet. Beyond it the oldest go to disk (`forwarder_storage_max_size_in_bytes`) or, without a disk, are lost.',
      trade: 'A larger queue survives longer outages and takes memory.',
      when: 'your receiver may be down for long.',
    },
  ),
};

export const filterKeys = {
  match: list(
    { default: [], item: filterItem, itemText: 'patterns of metric names, such as web.*' },
    {
      what: 'Only metrics and service checks whose name, after namespace and mapper, matches one of these patterns go to this output; `*` stands for any text. Empty means all.',
      trade: 'It keeps metrics away from a receiver that does not need them.',
      when: 'you send different metrics to different places.',
    },
  ),
  tags: list(
    { default: [], item: filterItem, itemText: 'tags or patterns of tags, such as env:prod or team:*' },
    {
      what: 'Only metrics, events and checks that have all of these tags go to this output; `*` stands for any text. Empty means all.',
      trade: 'It keeps data away from a receiver that does not need it.',
      when: 'you send the data of different teams to different places.',
    },
  ),
};

interface MapText extends KeyText {
  /** Names that cannot be used. */
  readonly refuses?: RegExp;
  readonly allowed: string;
}

/** A map of text to text. */
export function textMap({ refuses, allowed, ...documentation }: MapText) {
  const name = z
    .string()
    .regex(/^[A-Za-z_][\w.-]*$/)
    .refine((text) => refuses?.test(text) !== true);
  const value = z.preprocess(readPlainText, z.string().regex(/^[^\r\n\0]*$/));
  return z
    .preprocess(readMap, z.record(name, value))
    .default({})
    .readonly()
    .register(keyDocumentation, { ...documentation, type: 'map', allowed });
}

export function secretText(what: string) {
  return text(
    { default: '' },
    {
      what,
      trade: 'Anyone who can read the file or the environment has it. A separate file is easier to protect.',
      when: 'the receiver asks for a login.',
      conceal: (value) => (value === '' ? '' : HIDDEN),
    },
  );
}

export function filePath(what: string) {
  return text({ default: '' }, { what, trade: 'The server must be able to read the file.' });
}

/** Text of the key `additional`; `own` is what each entry has of its own, `when` completes "Change it when …". */
export function moreReceivers(own: string, when: string): KeyText {
  return {
    what: `More receivers, each a map with the keys of this section, and its own ${own}.`,
    trade: 'Each takes memory and network traffic of its own. One that is down does not delay the others.',
    when,
    conceal: concealReceivers,
  };
}

/** Entries with the keys of receivers as people may see them. */
export function concealReceivers(value: unknown): unknown {
  const list = readMap(value);
  if (!Array.isArray(list)) return typeof value === 'string' && value.trim() !== '' ? HIDDEN : value;
  return list.map((one: unknown) => {
    if (typeof one !== 'object' || one === null) return HIDDEN;
    const shown: Record<string, unknown> = { ...one };
    for (const key of ['url', 'dd_url']) if (key in shown) shown[key] = maskUrl(String(shown[key]));
    for (const key of ['headers', 'options']) if (key in shown) shown[key] = hideValues(shown[key]);
    for (const key of ['password', 'bearer_token', 'secret', 'api_key']) if (shown[key]) shown[key] = HIDDEN;
    return shown;
  });
}

function hideValues(value: unknown): unknown {
  const map = readMap(value);
  if (typeof map !== 'object' || map === null) return HIDDEN;
  return Object.fromEntries(Object.keys(map).map((name) => [name, HIDDEN]));
}
