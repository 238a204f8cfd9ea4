/** The icons: strokes in a square of 16, in the colour of the text around them. */
const PATHS = {
  overview: 'M2 13V8m4 5V3m4 10V6m4 7V9',
  metrics: 'M2 4h12M2 8h12M2 12h8',
  tail: 'M3 4l4 4-4 4M8 12h5',
  cardinality: 'M8 2v4M8 6L3 11M8 6l5 5M8 6v6M2 13h2M7 13h2M12 13h2',
  losses: 'M2 4h5c3 0 3 0 4 2s1 2 3 2M7 4h7M6 4c2 0 2 8 5 8h1',
  explain: 'M6 6a2 2 0 1 1 3 1.8c-.8.4-1 .8-1 1.7M8 12.2v.3',
  config: 'M2 5h7m3 0h2M2 11h2m3 0h7M9 3v4M7 9v4',
  more: 'M3 8h.01M8 8h.01M13 8h.01',
  find: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM11 11l3 3',
  pause: 'M5 3v10M11 3v10',
  resume: 'M5 3l8 5-8 5z',
  copy: 'M5 5h8v8H5zM3 10V3h7',
  back: 'M10 3L5 8l5 5',
  close: 'M4 4l8 8M12 4l-8 8',
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill={name === 'resume' ? 'currentColor' : 'none'}
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg
      width="22"
      height="16"
      viewBox="0 0 22 16"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d="M1 14c3 0 3.500-9.500 8-9.500S13.500 10 16 8.500 18 3 21 2" />
    </svg>
  );
}
