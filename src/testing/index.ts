/** `whippet/testing`: what tests import. */
export {
  type FakeIntake,
  FakeIntakeListenError,
  type FakeIntakeOptions,
  startFakeIntake,
} from './fake-intake/fake-intake.ts';
export type {
  IntakeCheckRun,
  IntakeEvent,
  IntakeOrigin,
  IntakePoint,
  IntakeResource,
  IntakeSeries,
  IntakeSeriesType,
  IntakeSketch,
  IntakeSketchPoint,
} from './fake-intake/intake-data.ts';
export type { Fault, Override } from './fake-intake/overrides.ts';
export type { StoredPayload } from './fake-intake/payload-store.ts';
export type {
  EventExpectation,
  MetricExpectation,
  ServiceCheckExpectation,
  TagPatterns,
  TextPattern,
} from './test-server/expectation.ts';
export { assertReceivedMetric, assertRejectedNothing, matchers } from './test-server/matchers.ts';
export type {
  ReceivedEvent,
  ReceivedMessage,
  ReceivedMetric,
  ReceivedServiceCheck,
  ReceivedType,
  RejectedMessage,
  Via,
} from './test-server/received.ts';
export {
  ExpectationError,
  startTestServer,
  TestServer,
  type TestServerOptions,
  type TestSnapshot,
  type WaitOptions,
} from './test-server/test-server.ts';
