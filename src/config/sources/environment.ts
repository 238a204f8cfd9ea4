/**
 * Reads settings from environment variables: `DD_*` for keys of the Agent, `WHIPPET_*` for ours. As in
 * the Agent, an empty variable is one that is not set.
 */
import {
  explainForeignVariable,
  explainUnknownVariable,
  keyOfVariable,
  unusedKeyOfVariable,
} from '../keys/key-names.ts';
import { type Findings, Layer, type Setting } from './setting.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that names the configuration file; it is not a key. */
export const FILE_VARIABLE = 'WHIPPET_CONFIG';

/** Variables that tests are given (docs/testing.md): a server under test has no use for them. */
const TEST_PREFIX = 'WHIPPET_TEST_';

/** Second names of variables, with their first. */
const OTHER_NAMES: Readonly<Record<string, string>> = { DD_URL: 'DD_DD_URL' };

export function readEnvironment(environment: Environment, findings: Findings): Iterable<Setting> {
  const layer = new Layer(findings);
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || value === '' || variable === FILE_VARIABLE) continue;
    if (variable.startsWith(TEST_PREFIX)) continue;
    if (!/^(DD|WHIPPET)_/.test(variable) || isServiceLink(variable, value)) continue;
    const other = OTHER_NAMES[variable];
    // Of two names for one key the Agent's first one wins.
    if (other !== undefined && environment[other]) continue;
    const key = keyOfVariable(other ?? variable);
    if (key !== undefined) layer.add({ key, value, source: { kind: 'env', variable } });
    else reportUnknown(variable, value, findings);
  }
  return layer.settings.values();
}

function reportUnknown(variable: string, value: string, findings: Findings): void {
  const unused = unusedKeyOfVariable(variable);
  if (variable.startsWith('WHIPPET_')) {
    findings.report('ERR_CONFIG_UNKNOWN_KEY', `${explainUnknownVariable(variable)} (environment)`);
  } else if (unused !== undefined) {
    findings.noteUnused(unused, { key: variable, value, source: { kind: 'env', variable } });
  } else {
    const warning = explainForeignVariable(variable);
    if (warning !== undefined) findings.warn(`${warning} (environment)`);
  }
}

// WHIPPET_SERVICE_HOST=10.0.0.7             Kubernetes and Docker give such variables to every container
// WHIPPET_PORT_8125_UDP=udp://10.0.0.7:8125     near a service named whippet
// WHIPPET_HTTP_PORT=tcp://10.0.0.7:8127     and near one named whippet-http
function isServiceLink(variable: string, value: string): boolean {
  return (
    /_SERVICE_(HOST|PORT)(_|$)/.test(variable) ||
    /_PORT_\d+_(TCP|UDP|SCTP)(_|$)/.test(variable) ||
    /^(tcp|udp|sctp):\/\//.test(value)
  );
}
