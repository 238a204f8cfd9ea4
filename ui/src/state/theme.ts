/** Light, dark, or as the system has it. The choice is kept for this address; it is no secret and no measurement. */
import { Store } from './store.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'whippet-theme';

export const theme = new Store<Theme>('system');
/** Grows whenever colours on screen have changed, so that canvases are drawn anew. */
export const colours = new Store(0);

export function startTheme(): void {
  const kept = read();
  show(THEMES.find((one) => one === kept) ?? 'system');
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colours.value++;
  });
}

/** The next of system, light, dark. */
export function nextTheme(): void {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] as Theme;
  show(next);
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Without storage the choice lasts as long as the tab.
  }
}

function show(next: Theme): void {
  theme.value = next;
  if (next === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  colours.value++;
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
