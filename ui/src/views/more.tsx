/** On a phone: the views that have no tab of their own. */

import { span } from '../format/times.ts';
import { dialog } from '../parts/dialogs.tsx';
import { Page } from '../parts/page.tsx';
import { formatRoute } from '../router.ts';
import { live } from '../state/live.ts';
import { useStore } from '../state/store.ts';
import { nextTheme, theme } from '../state/theme.ts';

export function MoreView() {
  const chosen = useStore(theme);
  const tick = useStore(live.shown);
  return (
    <Page name="More" title={<h1>More</h1>}>
      <ul class="more-list">
        <li>
          <a href={formatRoute('cardinality')}>Cardinality</a>
        </li>
        <li>
          <a href={formatRoute('explain')}>Explain</a>
        </li>
        <li>
          <a href={formatRoute('config')}>Configuration</a>
        </li>
        <li>
          <button type="button" onClick={() => (dialog.value = 'send')}>
            Send a metric
          </button>
        </li>
        <li>
          <button type="button" onClick={nextTheme}>
            Theme: {chosen}
          </button>
        </li>
      </ul>
      {tick !== undefined && (
        <p class="sm fa">
          {tick.hostname}, whippet {tick.version}, up{' '}
          {span(Math.max(0, Math.floor(tick.at - tick.startedAt)))}
        </p>
      )}
    </Page>
  );
}
