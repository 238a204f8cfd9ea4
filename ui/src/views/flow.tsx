/** The stages of the ledger from left to right; on a phone below each other. */
import { count } from '../format/numbers.ts';
import type { Branch, Stage } from '../lib/flow.ts';

interface FlowProps {
  readonly stages: readonly Stage[];
  readonly isPhone: boolean;
}

export function Flow({ stages, isPhone }: FlowProps) {
  if (isPhone) {
    return (
      <ol class="fl" aria-label="From the client to the receiver">
        {stages.map((stage) => (
          <li key={stage.name}>
            <div class="fl-band">
              <b>{stage.name}</b> <span class="mu sm">{stage.unit}</span>
              <b class="push">{count(stage.received)}</b>
              <p class="sm mu">{stage.goesOn}</p>
            </div>
            {stage.branches.map((branch) => (
              <p key={branch.word} class="fl-branch">
                <i class={`dot ${branch.tone}`} />
                <b class={branch.tone === 'fa' ? 'mu' : branch.tone}>
                  {count(branch.n)} {branch.word}
                </b>{' '}
                <span class="fa el">{branch.reason}</span>
              </p>
            ))}
          </li>
        ))}
      </ol>
    );
  }
  return (
    <ol class="flow" aria-label="From the client to the receiver">
      {stages.map((stage) => (
        <li key={stage.name}>
          <h2>{stage.name}</h2>
          <p class="fa unit-line">{stage.unit}</p>
          <p class="big-figure">{count(stage.received)}</p>
          <div class="band">
            <span>{stage.goesOn}</span>
          </div>
          {stage.branches.length === 0 ? (
            <p class={stage.received === 0 ? 'nothing-lost fa' : 'nothing-lost ok'}>
              {stage.received === 0 ? '–' : 'nothing lost'}
            </p>
          ) : (
            <ul>
              {stage.branches.map((branch) => (
                <BranchItem key={branch.word} branch={branch} />
              ))}
            </ul>
          )}
        </li>
      ))}
    </ol>
  );
}

function BranchItem({ branch }: { readonly branch: Branch }) {
  return (
    <li class="branch">
      <i class={`dot ${branch.tone}`} />
      <b class={branch.tone === 'fa' ? 'mu' : branch.tone}>
        {count(branch.n)} {branch.word}
      </b>
      <span class="fa">{branch.reason}</span>
    </li>
  );
}
