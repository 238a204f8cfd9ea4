/** Small parts of every view: a number with its unit, a group of choices, a copy button, what loads, what is missing. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { bytes } from '../format/numbers.ts';
import { Store, useStore } from '../state/store.ts';
import { Icon } from './icon.tsx';

export function Bytes({
  n,
  perSecond = false,
}: {
  readonly n: number | null | undefined;
  readonly perSecond?: boolean;
}) {
  const { value, unit } = bytes(n);
  return (
    <>
      {value}
      {unit !== '' && (
        <span class="unit">
          {unit}
          {perSecond ? '/s' : ''}
        </span>
      )}
    </>
  );
}

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly label: ComponentChildren;
  readonly tone?: string;
}

export function Choices<Value extends string>({
  label,
  choices,
  value,
  choose,
  hideOnPhone = false,
}: {
  readonly label: string;
  readonly choices: readonly Choice<Value>[];
  readonly value: Value;
  readonly choose: (value: Value) => void;
  readonly hideOnPhone?: boolean;
}) {
  return (
    <div class={hideOnPhone ? 'seg hide' : 'seg'} role="group" aria-label={label}>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          class={choice.tone ?? ''}
          aria-pressed={choice.value === value}
          onClick={() => choose(choice.value)}
        >
          {choice.label}
        </button>
      ))}
    </div>
  );
}

/** What was just done, for two seconds. */
export const toast = new Store('');
const TOAST_MS = 2000;

export async function copyText(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast.value = 'Copied';
  } catch {
    toast.value = copyBySelection(text) ? 'Copied' : 'The browser does not allow copying here';
  }
}

/** Over plain HTTP from another machine there is no clipboard of its own. */
function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'sr';
  document.body.append(area);
  area.select();
  const isDone = document.execCommand('copy');
  area.remove();
  return isDone;
}

export function Toast() {
  const text = useStore(toast);
  useEffect(() => {
    if (text === '') return;
    const timer = setTimeout(() => {
      toast.value = '';
    }, TOAST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div role="status" aria-live="polite">
      {text !== '' && <div class="toast">{text}</div>}
    </div>
  );
}

export function CopyButton({
  text,
  label,
  isMain = false,
}: {
  text: string;
  label: string;
  isMain?: boolean;
}) {
  return (
    <button type="button" class={isMain ? 'btn pri' : 'btn'} onClick={() => void copyText(text)}>
      <Icon name="copy" size={13} />
      {label}
    </button>
  );
}

const SKELETON_WIDTHS = [82, 46, 30, 64, 40, 38, 74, 52, 26, 58, 44, 34];

/** Bars in the shape of rows, once loading takes long enough to be noticed. */
export function Skeleton({ isShown = true }: { readonly isShown?: boolean }) {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 150);
    return () => clearTimeout(timer);
  }, []);
  if (!isShown || !isLate) return null;
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {SKELETON_WIDTHS.map((width) => (
        <i key={width} style={{ width: `${width}%` }} />
      ))}
    </div>
  );
}

/** Why something is not there, in place of it. */
export function Missing({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="missing">
      <p class="b">{title}</p>
      {children !== undefined && <p class="mu">{children}</p>}
    </div>
  );
}

/** Whether the page is as narrow as a phone. */
const phoneQuery = matchMedia('(max-width: 760px)');
const isPhone = new Store(phoneQuery.matches);
phoneQuery.addEventListener('change', () => {
  isPhone.value = phoneQuery.matches;
});

export function usePhone(): boolean {
  return useStore(isPhone);
}
