/** The whole page: sidebar, the view of the address, tabs, dialogs; or what stands in its place without access. */
import { useRef, useState } from 'preact/hooks';
import { Toast } from './parts/controls.tsx';
import { Dialogs, dialog } from './parts/dialogs.tsx';
import { Logo } from './parts/icon.tsx';
import { Sidebar, Tabs } from './parts/sidebar.tsx';
import { useKeys } from './parts/use-keys.ts';
import type { View } from './router.ts';
import { live } from './state/live.ts';
import { go, place } from './state/place.ts';
import { useStore } from './state/store.ts';
import { nextTheme } from './state/theme.ts';
import { CardinalityView } from './views/cardinality.tsx';
import { ConfigView } from './views/config.tsx';
import { ExplainView } from './views/explain.tsx';
import { LossesView } from './views/losses.tsx';
import { MetricView } from './views/metric.tsx';
import { MetricsView } from './views/metrics.tsx';
import { MoreView } from './views/more.tsx';
import { OverviewView } from './views/overview.tsx';
import { TailView } from './views/tail.tsx';

/** The second key after `g`. */
const PLACES: Readonly<Record<string, View>> = {
  o: 'overview',
  m: 'metrics',
  t: 'tail',
  c: 'cardinality',
  l: 'losses',
  e: 'explain',
  f: 'config',
};

export function App() {
  const { view, name } = useStore(place);
  const connection = useStore(live.connection);
  const tick = useStore(live.shown);
  useKeys(globalKey, true);
  if (connection.kind === 'token') return <TokenForm why={connection.why} />;
  if (connection.kind === 'forbidden') return <Forbidden why={connection.why} />;
  return (
    <div class={connection.kind === 'waiting' ? 'app stale' : 'app'}>
      <Sidebar view={view} tick={tick} />
      <main class="main">
        {view === 'metrics' && name !== undefined ? (
          <MetricView key={name} name={name} />
        ) : (
          <ViewOf view={view} />
        )}
      </main>
      <Tabs view={view} tick={tick} />
      <Dialogs />
      <Toast />
    </div>
  );
}

function ViewOf({ view }: { readonly view: View }) {
  switch (view) {
    case 'overview':
      return <OverviewView />;
    case 'metrics':
      return <MetricsView />;
    case 'tail':
      return <TailView />;
    case 'cardinality':
      return <CardinalityView />;
    case 'losses':
      return <LossesView />;
    case 'explain':
      return <ExplainView />;
    case 'config':
      return <ConfigView />;
    case 'more':
      return <MoreView />;
  }
}

function globalKey(key: string): boolean {
  const target = key.startsWith('g ') ? PLACES[key.slice(2)] : undefined;
  if (target !== undefined) go(target);
  else if (key === '?') dialog.value = 'keys';
  else if (key === 'n') dialog.value = 'send';
  else if (key === 't') nextTheme();
  else if (key === 'p') live.paused.value === undefined ? live.pause() : live.resume();
  else if (key === '/') return focusSearch();
  else return false;
  return true;
}

function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>('.main .find-input');
  field?.focus();
  field?.select();
  return field !== null;
}

/** One field; what is typed stays in the memory of this tab. */
function TokenForm({ why }: { readonly why: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [isSent, setSent] = useState(false);
  return (
    <main class="gate">
      <div class="logo">
        <Logo />
        <span>whippet</span>
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setSent(true);
          live.enter(field.current?.value ?? '');
        }}
      >
        <h1>This server asks for a token</h1>
        <p class="sm mu">
          It is <code>http.token</code> of its configuration.
        </p>
        <div class="gate-row">
          <label class="find">
            <input
              ref={field}
              type="password"
              name="token"
              aria-label="Token"
              autocomplete="off"
              required
              autoFocus
            />
          </label>
          <button type="submit" class="btn pri">
            Open
          </button>
        </div>
        {(why !== '' || isSent) && (
          <p class="sm lo" role="alert">
            That is not the token.
          </p>
        )}
      </form>
    </main>
  );
}

function Forbidden({ why }: { readonly why: string }) {
  return (
    <main class="gate">
      <div class="logo">
        <Logo />
        <span>whippet</span>
      </div>
      <h1>This server does not show itself to other machines</h1>
      <p class="mu">
        It is bound to more than a loopback address and has no token. Set <code>http.token</code> in its
        configuration, or open this page on the machine itself.
      </p>
      <p class="sm fa">{why}</p>
      <button type="button" class="btn" onClick={() => live.enter('')}>
        Try again
      </button>
    </main>
  );
}
