/** A search box: `/` leads into it, Escape clears it and leaves it, typing tells after a moment. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

const SETTLE_MS = 40;

interface FindProps {
  readonly value: string;
  readonly label: string;
  readonly placeholder: string;
  readonly isCode?: boolean;
  readonly isWide?: boolean;
  readonly change: (text: string) => void;
}

export function Find({ value, label, placeholder, isCode = false, isWide = false, change }: FindProps) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const told = useRef(value);

  // An address that changed by itself, as by Back, changes the box.
  useEffect(() => {
    if (value === told.current) return;
    told.current = value;
    setText(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const tell = (next: string): void => {
    told.current = next;
    change(next);
  };
  return (
    <label class={['find', isCode && 'mono', isWide && 'wide-find'].filter(Boolean).join(' ')}>
      <Icon name="find" />
      <input
        type="search"
        class="find-input"
        aria-label={label}
        placeholder={placeholder}
        value={text}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => {
          const next = event.currentTarget.value;
          setText(next);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => tell(next), SETTLE_MS);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            clearTimeout(timer.current);
            if (text === '') event.currentTarget.blur();
            setText('');
            tell('');
            event.stopPropagation();
          } else if (event.key === 'Enter' || event.key === 'ArrowDown') {
            event.currentTarget.blur();
          }
        }}
      />
      <kbd class="hide" aria-hidden="true">
        /
      </kbd>
    </label>
  );
}
