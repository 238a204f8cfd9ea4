/**
 * Labels as text, for the many contexts of a page: what renderLabels() writes, without an object for each label.
 *
 *   env:prod, az:1 ─▶ names env │ az   ─sorted by name─▶ az="1",env="prod"
 *                     texts env="prod" │ az="1"
 *
 * What is not that simple, a host label or two tags with one name, is left to renderLabels().
 *
 * Memory  the labels of one context. Texts of tags are not remembered: a table of them, of 512 tags or 8,192, halved the
 *         speed of a page, because what lives for longer than a moment is what garbage collections cost.
 */
import type { ByteString } from '../../model/text.ts';
import { escapeName, escapeQuoted, type Note, renderLabels, toLabel } from './labels.ts';

export class LabelTexts {
  private readonly names: string[] = [];
  private readonly texts: string[] = [];

  /** Writes tags as the text between the braces. `note` hears of each problem, possibly more than once. */
  render(tags: readonly ByteString[], host: ByteString, note?: Note): string {
    if (host !== '') return renderLabels(tags, host, note);
    const { names, texts } = this;
    names.length = 0;
    texts.length = 0;
    for (const tag of tags) {
      const label = toLabel(tag, false, escapeName, note);
      if (label === undefined) continue;
      const { name } = label;
      // Tags are in order more often than not.
      let at = names.length;
      while (at > 0 && (names[at - 1] as string) > name) at--;
      if (at > 0 && names[at - 1] === name) return renderLabels(tags, host, note);
      const text = `${name}="${escapeQuoted(label.value)}"`;
      if (at === names.length) {
        names.push(name);
        texts.push(text);
      } else {
        names.splice(at, 0, name);
        texts.splice(at, 0, text);
      }
    }
    let all = '';
    for (const text of texts) all += all === '' ? text : `,${text}`;
    return all;
  }
}
