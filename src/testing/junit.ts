/** Results of `whippet expect` and `whippet record` as JUnit XML, which every CI reads. */

export interface CheckResult {
  readonly name: string;
  /** What is wrong; undefined when the check passed. */
  readonly failure?: string;
  readonly durationMs: number;
}

export function formatJunit(suite: string, results: readonly CheckResult[]): string {
  const failures = results.filter(({ failure }) => failure !== undefined).length;
  const total = results.reduce((sum, { durationMs }) => sum + durationMs, 0);
  const cases = results.map(({ name, failure, durationMs }) => {
    const head = `    <testcase classname="${escapeXml(suite)}" name="${escapeXml(name)}" time="${seconds(durationMs)}"`;
    if (failure === undefined) return `${head}/>`;
    const [first = ''] = failure.split('\n', 1);
    return `${head}>\n      <failure message="${escapeXml(first)}">${escapeXml(failure)}</failure>\n    </testcase>`;
  });
  const counts = `tests="${results.length}" failures="${failures}" errors="0" time="${seconds(total)}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${counts}>
  <testsuite name="${escapeXml(suite)}" ${counts}>
${cases.join('\n')}
  </testsuite>
</testsuites>
`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

/** XML 1.0 has no place for most control characters and for halves of characters, not even escaped. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\P{Cc}\t\n\r]|\p{Cs}/gu, '\ufffd')
    .replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
