/**
 * Pieces of a Grafana dashboard: panels with their queries, rows, variables. Places on the grid of 24 columns follow from the
 * order. Everything asks the data source that the variable `datasource` names, so a dashboard works where it is imported.
 */
const COLUMNS = 24;
const SOURCE = { type: 'prometheus', uid: `$\{datasource}` };

/** A query and the name of its series: `target('rate(x[1m])', '{{listener}}')`. */
export function target(expr, legendFormat = '__auto') {
  return { datasource: SOURCE, editorMode: 'code', expr, legendFormat, range: true };
}

/** Lines over time. `unit` is Grafana's: `short`, `reqps`, `bytes`, `s`, `percentunit`. */
export function lines(
  title,
  description,
  targets,
  { unit = 'short', stacked = false, width = 12, min } = {},
) {
  const custom = {
    drawStyle: 'line',
    fillOpacity: stacked ? 30 : 5,
    lineWidth: 1,
    showPoints: 'never',
    stacking: { group: 'A', mode: stacked ? 'normal' : 'none' },
  };
  return panel('timeseries', title, description, targets, {
    width,
    height: 8,
    defaults: { unit, custom, ...(min !== undefined && { min }) },
    options: {
      legend: { calcs: ['lastNotNull', 'max'], displayMode: 'table', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  });
}

/** One number, green below `bad` and red from it on; blue without `bad`. */
export function figure(title, description, expr, { unit = 'short', bad, width = 4 } = {}) {
  const steps =
    bad === undefined
      ? [{ color: 'blue', value: null }]
      : [
          { color: 'green', value: null },
          { color: 'red', value: bad },
        ];
  return panel('stat', title, description, [target(expr)], {
    width,
    height: 4,
    defaults: { unit, noValue: '0', thresholds: { mode: 'absolute', steps } },
    options: {
      colorMode: 'value',
      graphMode: 'area',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
      textMode: 'auto',
    },
  });
}

/** The rows of a query at this moment, by label. */
export function table(title, description, expr, { unit = 'short', width = 12 } = {}) {
  const query = { ...target(expr), format: 'table', instant: true, range: false };
  const hidden = { Time: true, job: true, instance: true, __name__: true };
  return {
    ...panel('table', title, description, [query], {
      width,
      height: 8,
      defaults: { unit },
      options: { showHeader: true, sortBy: [{ displayName: 'Value', desc: true }] },
    }),
    transformations: [{ id: 'organize', options: { excludeByName: hidden } }],
  };
}

/** A heading; `repeat` shows what stands below it once for each value of that variable. */
export function row(title, { repeat } = {}) {
  return { type: 'row', title, collapsed: false, panels: [], ...(repeat !== undefined && { repeat }) };
}

/** A choice among the values of a label. `all` offers all of them together. */
export function choice(name, label, query, { all = false, regex = '', description = '' } = {}) {
  return {
    name,
    label,
    description,
    type: 'query',
    datasource: SOURCE,
    definition: query,
    query: { query, refId: 'StandardVariableQuery' },
    refresh: 2,
    regex,
    sort: 1,
    multi: all,
    includeAll: all,
    // Series without the label, as those of remote write are, belong to all.
    ...(all && { allValue: '.*', current: { selected: true, text: ['All'], value: ['$__all'] } }),
  };
}

/** The whole file, with numbers and places of its panels. */
export function dashboard({ uid, title, description, tags, variables, panels }) {
  const source = { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' };
  return {
    uid,
    title,
    description,
    tags,
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    annotations: { list: [] },
    links: [],
    templating: { list: [source, ...variables] },
    panels: placed(panels),
  };
}

function panel(type, title, description, targets, { width, height, defaults, options }) {
  return {
    type,
    title,
    description,
    datasource: SOURCE,
    fieldConfig: { defaults, overrides: [] },
    gridPos: { w: width, h: height },
    options,
    targets: targets.map((one, i) => ({ ...one, refId: String.fromCharCode(65 + i) })),
  };
}

/** From left to right, then down; a row takes a line of its own. */
function placed(panels) {
  let [x, y, height] = [0, 0, 0];
  return panels.map((one, i) => {
    const { w = COLUMNS, h = 1 } = one.gridPos ?? {};
    if (x + w > COLUMNS || one.type === 'row') {
      y += height;
      x = 0;
      height = 0;
    }
    const place = { ...one, id: i + 1, gridPos: { h, w, x, y } };
    x += w;
    height = Math.max(height, h);
    return place;
  });
}
