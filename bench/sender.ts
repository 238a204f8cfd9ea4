/**
 * The sender, a process of its own: builds its corpus from the seed, then carries out orders.
 *
 *   argument SenderSetup ──▶ SenderReady;  each SendOrder ──▶ SendReport;  ends when the channel closes
 */
import { buildCorpus } from './corpus/corpus.ts';
import { CorpusSender } from './corpus/send-corpus.ts';
import { SHAPES, type Shape } from './corpus/shapes.ts';
import type { SenderReady, SenderSetup, SendOrder } from './messages.ts';

const setup = JSON.parse(process.argv[2] ?? '') as SenderSetup;
const { contexts } = setup;
const own: Shape = SHAPES[setup.shape];
const shape: Shape = contexts === undefined ? own : { ...own, contexts, order: 'sequence' };
const corpus = buildCorpus(shape, setup);
const sender = new CorpusSender(corpus);
process.on('message', (order: SendOrder) => process.send?.(sender.send(order)));
process.on('disconnect', () => process.exit());
process.send?.({ corpus: corpus.totals } satisfies SenderReady);
