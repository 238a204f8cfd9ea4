/**
 * Addresses and host names to listen on and to send to.
 *
 *   127.0.0.1, ::1, db.example.com
 *   [::1]                             brackets belong to a URL; without a port they say nothing, and go
 *   127.0.0.1:8125, udp://127.0.0.1   refused: ports and schemes have keys of their own
 */
import { isIP, isIPv6 } from 'node:net';
import { z } from 'zod';
import { type KeyText, keyDocumentation } from './key-documentation.ts';
import { addReason, readPlainText, refuseQuotes } from './plain-text.ts';

interface HostRules {
  readonly default: string;
  /** The key of the port that goes with it. */
  readonly portKey: string;
  readonly isOptional?: boolean;
  /** Whether `fe80::1%eth0` is taken; true unless said. */
  readonly takesZones?: boolean;
}

export function hostName(rules: HostRules, documentation: KeyText) {
  const { isOptional = false, takesZones = true } = rules;
  return z
    .preprocess(
      readHost,
      z
        .string()
        .regex(isOptional ? /^\S*$/ : /^\S+$/)
        .superRefine((host, context) => {
          refuseQuotes(host, context);
          const reason = explainHost(host, rules.portKey);
          if (reason !== undefined) addReason(context, reason);
          if (!takesZones && host.includes('%'))
            addReason(context, 'an address with a zone cannot be used here');
        }),
    )
    .default(rules.default)
    .register(keyDocumentation, {
      ...documentation,
      type: 'text',
      allowed: 'text without spaces: an address or a host name',
    });
}

function readHost(value: unknown): unknown {
  const text = readPlainText(value);
  if (typeof text !== 'string') return text;
  const inner = /^\[(.*)\]$/.exec(text)?.[1];
  return inner !== undefined && isIPv6(inner) ? inner : text;
}

/** Why this is no host; undefined when it may be one. */
function explainHost(host: string, portKey: string): string | undefined {
  if (host === '' || isIP(host) !== 0) return undefined;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(host)?.[1];
  if (scheme !== undefined) return `${scheme}:// is no part of an address; write the host alone`;
  const port = /^(?:\[[^\]]*\]|[^:]*):(\d+)$/.exec(host)?.[1];
  if (port !== undefined) return `the port is no part of an address; set ${portKey} to ${port}`;
  if (host.includes('/')) return 'a path is no part of an address; write the host alone';
  return undefined;
}
