/** Dialogs of the whole page: keys, and how to send a metric. Escape and a click beside them close them. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Store, useStore } from '../state/store.ts';
import { Icon } from './icon.tsx';
import { SendLines } from './send-lines.tsx';
import { useKeys } from './use-keys.ts';

export const dialog = new Store<'none' | 'keys' | 'send'>('none');

export function Dialogs() {
  const open = useStore(dialog);
  if (open === 'keys') return <KeysDialog />;
  if (open === 'send') return <SendDialog />;
  return null;
}

const close = (): void => {
  dialog.value = 'none';
};

function Dialog({ title, kind, children }: { title: string; kind: string; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  // Before anything is drawn: the next key is already the dialog's.
  useLayoutEffect(() => {
    const before = document.activeElement;
    box.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  useKeys((key) => {
    if (key === 'Escape') close();
    // Nothing behind a dialog hears of keys.
    return true;
  });
  return (
    <div
      class="shade"
      onClick={(event) => {
        if (event.target === event.currentTarget) close();
      }}
    >
      <div
        ref={box}
        class={`dialog ${kind}`}
        role="dialog"
        aria-modal="true"
        aria-label={title}
        tabIndex={-1}
        onKeyDown={(event) => {
          if (event.key === 'Escape') close();
          if (event.key === 'Tab' && box.current !== null) keepFocus(box.current, event);
        }}
      >
        <header>
          <h2>{title}</h2>
          <button type="button" class="btn icon push" aria-label="Close" onClick={close}>
            <Icon name="close" size={14} />
          </button>
        </header>
        {children}
      </div>
    </div>
  );
}

/** Tab goes round within the dialog. */
function keepFocus(box: HTMLElement, event: KeyboardEvent): void {
  const fields = [...box.querySelectorAll<HTMLElement>('button, a[href], input, textarea, [tabindex="0"]')];
  const [first] = fields;
  const last = fields.at(-1);
  const active = document.activeElement;
  if (event.shiftKey && (active === first || active === box)) last?.focus();
  else if (!event.shiftKey && active === last) first?.focus();
  else return;
  event.preventDefault();
}

const KEYS: readonly (readonly [keys: readonly string[], what: string])[] = [
  [['g', 'o'], 'Overview'],
  [['g', 'm'], 'Metrics'],
  [['g', 't'], 'Live tail'],
  [['g', 'c'], 'Cardinality'],
  [['g', 'l'], 'Losses and clients'],
  [['g', 'e'], 'Explain'],
  [['g', 'f'], 'Configuration'],
  [['/'], 'search'],
  [['j', 'k'], 'down, up'],
  [['enter'], 'open'],
  [['esc'], 'back, then clear'],
  [['s', '…'], 'sort by the column of the letter'],
  [['S'], 'reverse the order'],
  [['space'], 'mark a metric'],
  [['c'], 'compare'],
  [['1', '2', '3'], 'range'],
  [['p'], 'pause, resume'],
  [['h'], 'heat map or lines'],
  [['l'], 'linear or logarithmic'],
  [['←', '→'], 'cursor of a plot; with shift by 10'],
  [['T'], 'a plot as a table'],
  [['y'], 'copy the name, line or rule'],
  [['e'], 'explain the line'],
  [['n'], 'send a metric'],
  [['t'], 'theme: system, light, dark'],
  [['End'], 'newest line'],
];

function KeysDialog() {
  return (
    <Dialog title="Keys" kind="keys">
      <ul class="key-list">
        {KEYS.map(([keys, what]) => (
          <li key={what}>
            <span>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </span>
            <span>{what}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function SendDialog() {
  return (
    <Dialog title="Send a metric" kind="send">
      <SendLines />
    </Dialog>
  );
}
