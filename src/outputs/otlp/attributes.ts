/** Attributes of OTLP: messages KeyValue { key 1, value 2 { string_value 1 } }. Text is as the wire has it. */
import type { ByteString } from '../../model/text.ts';
import { ProtoWriter } from '../protobuf/proto-writer.ts';

/** Writes one attribute as an item of `field`. */
export function writeAttribute(writer: ProtoWriter, field: number, key: ByteString, value: ByteString): void {
  anyValue.length = 0;
  anyValue.textItem(1, value);
  keyValue.length = 0;
  keyValue.textItem(1, key);
  keyValue.bytesItem(2, anyValue.bytes, anyValue.length);
  writer.bytesItem(field, keyValue.bytes, keyValue.length);
}

/** Scratch. */
const anyValue = new ProtoWriter(512);
const keyValue = new ProtoWriter(1024);
