/** What to paste to send a metric to this server, in five languages. */
import { useState } from 'preact/hooks';
import type { StatusView } from '../../../src/model/live/server-views.ts';
import {
  LANGUAGE_NAMES,
  LANGUAGES,
  type Language,
  linesFor,
  targetOf,
  whippetSend,
} from '../lib/first-metric.ts';
import { useResource } from '../state/resource.ts';
import { CopyButton } from './controls.tsx';

export function SendLines() {
  const { data: status } = useResource<StatusView>('/api/status');
  const [language, setLanguage] = useState<Language>('shell');
  if (status === undefined) return null;
  const target = targetOf(status, location.hostname, Number(location.port || 80));
  const lines = linesFor(language, target);
  const step = (by: number): void => {
    const at = (LANGUAGES.indexOf(language) + by + LANGUAGES.length) % LANGUAGES.length;
    const next = LANGUAGES[at] as Language;
    setLanguage(next);
    document.getElementById(`language-${next}`)?.focus();
  };
  return (
    <>
      <div class="code">
        <div class="hd">
          <div role="tablist" aria-label="Language" class="scroll-x">
            {LANGUAGES.map((one) => (
              <button
                key={one}
                id={`language-${one}`}
                type="button"
                role="tab"
                aria-selected={one === language}
                aria-controls="language-lines"
                tabIndex={one === language ? 0 : -1}
                onClick={() => setLanguage(one)}
                onKeyDown={(event) => {
                  if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
                  step(event.key === 'ArrowRight' ? 1 : -1);
                  event.preventDefault();
                }}
              >
                {LANGUAGE_NAMES[one]}
              </button>
            ))}
          </div>
          <CopyButton text={lines} label="Copy" />
        </div>
        <pre id="language-lines" role="tabpanel" aria-label={LANGUAGE_NAMES[language]} tabIndex={0}>
          {lines}
        </pre>
      </div>
      <p class="sm fa or-whippet">
        or <code>{whippetSend(target)}</code>
      </p>
    </>
  );
}
