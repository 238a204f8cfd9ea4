/**
 * Entry of the page: takes the token out of the address, starts theme, keys and stream, and draws.
 *
 * A token in the printed address is behind `#token=`, which browsers do not send, and leaves the address at once.
 */
import './style/tokens.css';
import './style/frame.css';
import './style/controls.css';
import './style/tables.css';
import './style/parts.css';
import './style/plots.css';
import './style/overview.css';
import './style/metrics.css';
import './style/tail.css';
import './style/losses.css';
import './style/small.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { watchKeys } from './keys.ts';
import { parseRoute } from './router.ts';
import { live } from './state/live.ts';
import { place, watchAddress } from './state/place.ts';
import { startTheme } from './state/theme.ts';

function takeToken(): string {
  const [, token = ''] = /[#&?]token=([^&]+)/.exec(location.hash) ?? [];
  if (token === '') return '';
  const rest = location.hash.replace(/[&?]?token=[^&]+/, '').replace(/^#&/, '#');
  history.replaceState(null, '', rest === '' || rest === '#' ? location.pathname : rest);
  place.value = parseRoute(location.hash);
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

const token = takeToken();
startTheme();
watchAddress();
watchKeys();
live.start(token);
render(<App />, document.getElementById('root') as HTMLElement);
