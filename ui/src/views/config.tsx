/** Configuration: the values in force and where they come from, and what a reload would change. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ConfigChange, ConfigDiff, ConfigViewOf } from '../../../src/model/live/server-views.ts';
import { postJson } from '../api/client.ts';
import { plural } from '../format/numbers.ts';
import { cut, visible } from '../format/text.ts';
import { Choices, Missing, Skeleton, toast } from '../parts/controls.tsx';
import { Find } from '../parts/find.tsx';
import { Page, Pulse } from '../parts/page.tsx';
import { useKeys } from '../parts/use-keys.ts';
import { live } from '../state/live.ts';
import { change, place } from '../state/place.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';

type Tab = 'values' | 'diff';

export function ConfigView() {
  const { params } = useStore(place);
  const tab: Tab = params.tab === 'diff' ? 'diff' : 'values';
  const text = params.q ?? '';
  const { data, reload } = useResource<ConfigViewOf>('/api/config', 10);
  const diff = useResource<ConfigDiff>('/api/config/diff', 10);
  useEffect(() => live.ask({ limit: 1 }), []);
  useKeys((key) => {
    if (key !== 'Escape' || text === '') return false;
    change({ q: undefined });
    return true;
  });
  const changes = diff.data?.changes.length ?? 0;
  return (
    <Page name="Configuration" title={<h1>Configuration</h1>} isFlush pulse={<Pulse canPause={false} />}>
      <div class="tool">
        <Find
          value={text}
          label="Search the configuration"
          placeholder="Search keys, values and sources"
          change={(q) => change({ q })}
        />
        <Choices<Tab>
          label="What is shown"
          choices={[
            { value: 'values', label: 'in force' },
            {
              value: 'diff',
              label: changes > 0 ? `a reload would change ${changes}` : 'a reload would change',
            },
          ]}
          value={tab}
          choose={(next) => change({ tab: next === 'diff' ? 'diff' : undefined })}
        />
      </div>
      <section
        class="config-body"
        tabIndex={0}
        aria-label={tab === 'diff' ? 'What a reload would change' : 'Values in force'}
      >
        {tab === 'diff' ? (
          <Diff
            diff={diff.data}
            error={diff.error?.message}
            done={() => {
              reload();
              diff.reload();
            }}
          />
        ) : data === undefined ? (
          <Skeleton />
        ) : (
          <Values config={data} text={text} />
        )}
      </section>
    </Page>
  );
}

function Values({ config, text }: { readonly config: ConfigViewOf; readonly text: string }) {
  const rows = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return Object.entries(config)
      .map(([key, { value, source }]) => ({
        key,
        value: show(value),
        source,
        isDefault: source === 'default',
      }))
      .filter(({ key, value, source }) => {
        const all = `${key} ${value} ${source}`.toLowerCase();
        return words.every((word) => all.includes(word));
      })
      .sort((a, b) => Number(a.isDefault) - Number(b.isDefault));
  }, [config, text]);
  if (rows.length === 0) {
    return (
      <Missing title={`No key holds “${text}”.`}>
        <kbd>esc</kbd> clears.
      </Missing>
    );
  }
  const changed = rows.filter(({ isDefault }) => !isDefault).length;
  return (
    <>
      <p class="sm fa config-count">
        {plural(rows.length, 'key')}, {changed} of them set; these come first.
      </p>
      <table class="config-table">
        <thead>
          <tr>
            <th scope="col">key</th>
            <th scope="col">value</th>
            <th scope="col">source</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, value, source, isDefault }) => (
            <tr key={key}>
              <th scope="row" class="m">
                {key}
              </th>
              <td class={isDefault ? 'm fa value' : 'm value'}>
                {value === '' ? <span class="fa">empty</span> : <Value text={value} />}
              </td>
              <td class={isDefault ? 'fa' : 'mu'}>
                <bdi>{visible(source)}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Value({ text }: { readonly text: string }) {
  const [isWhole, setWhole] = useState(false);
  const { text: short, isCut } = cut(text);
  return (
    <>
      <bdi>{isWhole ? text : short}</bdi>
      {isCut && (
        <button type="button" class="text-button" onClick={() => setWhole(!isWhole)}>
          {isWhole ? 'less' : 'show all'}
        </button>
      )}
    </>
  );
}

interface DiffProps {
  readonly diff: ConfigDiff | undefined;
  readonly error: string | undefined;
  readonly done: () => void;
}

interface ReloadAnswer {
  readonly changed?: readonly string[];
  readonly needRestart?: readonly string[];
}

function Diff({ diff, error, done }: DiffProps) {
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  if (error !== undefined)
    return <Missing title="What a reload would change cannot be told.">{error}</Missing>;
  if (diff === undefined) return <Skeleton />;
  const reload = async (): Promise<void> => {
    setBusy(true);
    setProblem('');
    try {
      const { changed = [], needRestart = [] } = await postJson<ReloadAnswer>('/-/reload', '');
      toast.value =
        needRestart.length > 0
          ? `Reloaded; ${plural(needRestart.length, 'key needs', 'keys need')} a restart`
          : `Reloaded, ${plural(changed.length, 'key')} changed`;
      done();
    } catch (failed) {
      setProblem(failed instanceof Error ? failed.message : String(failed));
    } finally {
      setBusy(false);
    }
  };
  const taken = diff.changes.filter(({ needsRestart }) => !needsRestart);
  return (
    <div class="diff">
      <p class="verdict">
        <i class={diff.valid ? (diff.changes.length === 0 ? 'dot' : 'dot ac') : 'dot lo'} />
        <span>
          {!diff.valid
            ? 'The configuration on disk is not valid. The one in force stays.'
            : diff.changes.length === 0
              ? 'A reload would change nothing.'
              : `A reload would change ${plural(taken.length, 'key')}.`}
        </span>
      </p>
      {diff.problems.map((text) => (
        <p key={text} class="lo diff-note">
          <bdi>{visible(text)}</bdi>
        </p>
      ))}
      {diff.warnings.map((text) => (
        <p key={text} class="wa diff-note">
          <bdi>{visible(text)}</bdi>
        </p>
      ))}
      {diff.changes.map((one) => (
        <ChangeRows key={one.key} change={one} />
      ))}
      <div class="pane-buttons">
        <button
          type="button"
          class="btn pri"
          disabled={!diff.valid || taken.length === 0 || isBusy}
          onClick={() => void reload()}
        >
          Reload now
        </button>
        <span class="sm fa">
          As <code>POST /-/reload</code> and SIGHUP do.
        </span>
      </div>
      {problem !== '' && (
        <p class="lo diff-note" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

function ChangeRows({
  change: { key, before, after, beforeSource, afterSource, needsRestart },
}: {
  readonly change: ConfigChange;
}) {
  return (
    <section class="change" aria-label={key}>
      <p>
        <code>{key}</code> {needsRestart && <span class="chip wa">needs a restart</span>}
      </p>
      <p class="minus">
        <span aria-hidden="true">−</span> <span class="sr">before: </span>
        <Value text={show(before)} /> <span class="fa sm">{beforeSource}</span>
      </p>
      <p class="plus">
        <span aria-hidden="true">+</span> <span class="sr">after: </span>
        <Value text={show(after)} /> <span class="fa sm">{afterSource}</span>
      </p>
    </section>
  );
}

/** A value as it would stand in a file, in one line. */
function show(value: unknown): string {
  if (typeof value === 'string') return visible(value);
  return visible(JSON.stringify(value) ?? '');
}
