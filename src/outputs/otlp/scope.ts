/** The instrumentation scope that all data carries: whippet and its version. Message Scope { name 1, version 2 }. */
import { ProtoWriter } from '../protobuf/proto-writer.ts';

/** Writes it as field 1 of ScopeMetrics or ScopeLogs. */
export function writeScope(writer: ProtoWriter, version: string): void {
  scope.length = 0;
  scope.stringItem(1, 'whippet');
  scope.stringItem(2, version);
  writer.bytesItem(1, scope.bytes, scope.length);
}

const scope = new ProtoWriter(64);
