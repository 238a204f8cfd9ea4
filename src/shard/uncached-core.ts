/** A core as the resolver sees it, that caches nothing: every line is resolved anew. The result is the same. */
import type { Core } from '../core/core.ts';
import type { ResolverCore } from '../enrich/resolver.ts';

export function uncachedCore(core: Core): ResolverCore {
  return {
    get bytes() {
      return core.bytes;
    },
    contextSlot: (...context) => core.contextSlot(...context),
    dropRepeatedTags: (ptr, head, length) => core.dropRepeatedTags(ptr, head, length),
    anyItemBeginsWith: (ptr, length, beginnings) => core.anyItemBeginsWith(ptr, length, beginnings),
    copyBytes: (from, to, length) => core.copyBytes(from, to, length),
    forgetLinesOf: () => undefined,
    install: () => undefined,
    addSample: (slot, op, value, rate, timestamp) => core.addSample(slot, op, value, rate, timestamp),
    addElement: (slot, ptr, length) => core.addElement(slot, ptr, length),
  };
}
