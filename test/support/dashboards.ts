/** The Grafana dashboards, as the script makes them. */

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: object;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

interface Script {
  dashboardFiles(): [name: string, text: string][];
  readonly FOLDER: string;
}

const script = (await import(new URL('../../scripts/dashboards.mjs', import.meta.url).href)) as Script;
export const { FOLDER } = script;

export function readDashboards() {
  return script
    .dashboardFiles()
    .map(([name, text]) => ({ name, text, content: JSON.parse(text) as Dashboard }));
}
