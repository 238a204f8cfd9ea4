/**
 * Resources: who the points of a request are about. There is one for each distinct host, and where unified tags are on, for
 * each environment, service and version on it.
 *
 *   host, tags ─▶ key ─▶ message Resource { attributes 1 }        written once, kept while it is used
 *
 * Limits  RESOURCES_MAX messages are kept; beyond that all are forgotten and written again.
 */
import { type ByteString, toByteString } from '../../model/text.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';
import type { TagPair } from '../tag-pairs.ts';
import { writeAttribute } from './attributes.ts';

const RESOURCES_MAX = 1000;

/** Tags that name a service, and the attributes they become. */
const UNIFIED: Readonly<Record<string, string>> = {
  env: 'deployment.environment.name',
  service: 'service.name',
  version: 'service.version',
};

export interface ResourceSettings {
  readonly serviceName: string;
  /** Empty for none. */
  readonly instanceId: string;
  /** Further attributes, which win over the others. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Makes the tags env, service and version attributes of the resource. */
  readonly unifiedTags: boolean;
}

export interface Resource {
  /** Tells resources apart. */
  readonly key: string;
  /** The message. */
  readonly bytes: Uint8Array;
}

export class Resources {
  private readonly settings: ResourceSettings;
  private readonly known = new Map<string, Resource>();

  constructor(settings: ResourceSettings) {
    this.settings = settings;
  }

  /** The resource of points with these attributes; those that are the resource's own are taken out of the list. */
  of(host: ByteString, attributes: TagPair[]): Resource {
    const unified = this.settings.unifiedTags ? takeUnified(attributes) : [];
    const key = unified.length === 0 ? host : [host, ...unified.flat()].join('\0');
    const known = this.known.get(key);
    if (known !== undefined) return known;
    if (this.known.size >= RESOURCES_MAX) this.known.clear();
    const resource = { key, bytes: this.write(host, unified) };
    this.known.set(key, resource);
    return resource;
  }

  private write(
    host: ByteString,
    unified: readonly (readonly [name: string, value: ByteString])[],
  ): Uint8Array {
    const { serviceName, instanceId, attributes } = this.settings;
    const all = new Map<string, ByteString>([['service.name', toByteString(serviceName)]]);
    if (host !== '') all.set('host.name', host);
    if (instanceId !== '') all.set('service.instance.id', toByteString(instanceId));
    for (const [name, value] of unified) all.set(name, value);
    for (const [name, value] of Object.entries(attributes)) all.set(name, toByteString(value));
    const writer = new ProtoWriter(256);
    for (const [name, value] of all) writeAttribute(writer, 1, toByteString(name), value);
    return writer.bytes.slice(0, writer.length);
  }
}

function takeUnified(attributes: TagPair[]): [name: string, value: ByteString][] {
  const taken: [string, ByteString][] = [];
  for (let i = attributes.length - 1; i >= 0; i--) {
    const { key, value } = attributes[i] as TagPair;
    const name = Object.hasOwn(UNIFIED, key) ? UNIFIED[key] : undefined;
    if (name === undefined || value === '') continue;
    taken.push([name, value]);
    attributes.splice(i, 1);
  }
  return taken.sort(([a], [b]) => (a < b ? -1 : 1));
}
